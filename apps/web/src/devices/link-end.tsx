/** How a link ended, in words: what happened, what was kept, and what to do. */
import { Trans } from "@lingui/react/macro";
import type { LinkEndCause, LinkView } from "@xchat/client/api";
import type { ReactElement, ReactNode } from "react";
import { Name, Note } from "../ui/basics.tsx";

type Ended = Extract<LinkView, { kind: "ended" }>;

export function LinkEnd({ link }: { readonly link: Ended }): ReactElement {
  const isOther = link.reason.startsWith("other-");
  const cause = (isOther ? link.reason.slice("other-".length) : link.reason) as LinkEndCause;
  return (
    <>
      <Note kind={cause === "two-devices" ? "bad" : "warning"} title={<EndTitle cause={cause} isOther={isOther} />}>
        <EndText cause={cause} />
      </Note>
      {link.isListed && <Listed link={link} />}
    </>
  );
}

function EndTitle({ cause, isOther }: { readonly cause: LinkEndCause; readonly isOther: boolean }): ReactNode {
  switch (cause) {
    case "cancelled":
      return isOther ? <Trans>The other device has cancelled</Trans> : <Trans>Cancelled</Trans>;
    case "denied":
      return isOther ? <Trans>The other device has said no</Trans> : <Trans>You said no</Trans>;
    case "digits-mismatch":
      return <Trans>The digits were wrong three times</Trans>;
    case "two-devices":
      return <Trans>Two devices have answered this code</Trans>;
    case "timeout":
      return <Trans>It took too long</Trans>;
    case "chain-refused":
      return <Trans>The list of devices does not allow it</Trans>;
    case "protocol":
      return <Trans>The two devices do not understand each other</Trans>;
  }
}

function EndText({ cause }: { readonly cause: LinkEndCause }): ReactNode {
  switch (cause) {
    case "cancelled":
    case "denied":
      return <Trans>A code is good for one try. Make a new one whenever you like.</Trans>;
    case "digits-mismatch":
      return (
        <Trans>
          Perhaps another device than yours has answered. Make a new code, and type only digits that you read off a
          device in your hand.
        </Trans>
      );
    case "two-devices":
      return (
        <Trans>
          Somebody else has seen the code. Neither device was added. Make a new one where nobody looks on, and do not
          send it.
        </Trans>
      );
    case "timeout":
      return <Trans>Both devices need a connection and a person who answers. Make a new code and try again.</Trans>;
    case "chain-refused":
      return <Trans>It may have changed just now on another device of yours. Look at the list, then try again.</Trans>;
    case "protocol":
      return <Trans>One of them may be older. Update X Chat on both, then try again with a new code.</Trans>;
  }
}

function Listed({ link: { side, deviceName } }: { readonly link: Ended }): ReactElement {
  return (
    <Note kind="warning" title={<Trans>It is on the list, and not finished</Trans>}>
      {side === "existing" ? (
        <Trans>
          Your account lists <Name>{deviceName}</Name> already, but it has no chats. Remove it from the list, then link
          it again.
        </Trans>
      ) : (
        <Trans>
          Your account lists <Name>{deviceName}</Name> already, but nothing else was kept here. On your other device,
          remove it from the list, then link this one again.
        </Trans>
      )}
    </Note>
  );
}
