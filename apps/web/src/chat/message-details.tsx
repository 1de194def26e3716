import { Trans, useLingui } from "@lingui/react/macro";
import type { MessageView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Button } from "../ui/basics.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { DeliveryIcon, useDeliveryWords } from "./delivery.tsx";
import { EarlierVersions } from "./message-marks.tsx";
import { MessageText } from "./message-text.tsx";

export default function MessageDetails({
  message,
  name,
  onClose,
}: {
  readonly message: MessageView;
  readonly name: string;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  const { content, delivery } = message;
  const retry = useIntent("retryNow");
  return (
    <Dialog title={t`About this message`} onClose={onClose}>
      {content.kind === "text" && (
        <div className="quote quote-alone">
          <MessageText text={content.text} isFolded />
        </div>
      )}
      <dl className="facts">
        <div>
          <dt>{message.isOwn ? <Trans>Written by you</Trans> : <Trans>Written by {name}</Trans>}</dt>
          <dd>{words.full(message.sentAt)}</dd>
        </div>
        {message.receivedAt !== null && !message.isOwn && (
          <div>
            <dt>
              <Trans>Came to this device</Trans>
            </dt>
            <dd>{words.full(message.receivedAt)}</dd>
          </div>
        )}
        {delivery === null ? <CameBy via={message.via} /> : <State delivery={delivery} />}
      </dl>
      <EarlierVersions message={message} />
      <div className="actions">
        {delivery?.state === "queued" && (
          <Button icon="refresh" isBusy={retry.isBusy} onClick={() => void retry.run({})}>
            <Trans>Try now</Trans>
          </Button>
        )}
        {content.kind === "text" && (
          <CopyButton text={content.text}>
            <Trans>Copy text</Trans>
          </CopyButton>
        )}
      </div>
    </Dialog>
  );
}

function State({ delivery }: { readonly delivery: NonNullable<MessageView["delivery"]> }): ReactElement {
  const words = useDeliveryWords()(delivery);
  return (
    <div>
      <dt>
        <Trans>State</Trans>
      </dt>
      <dd>
        <strong className="with-icon">
          <DeliveryIcon delivery={delivery} /> {words.title}
        </strong>
        <p>{words.detail}</p>
      </dd>
    </div>
  );
}

function CameBy({ via }: { readonly via: MessageView["via"] }): ReactElement | null {
  if (via === null) return null;
  return (
    <div>
      <dt>
        <Trans>Way</Trans>
      </dt>
      <dd className="with-icon">
        <Icon name={via} size={17} />
        {via === "direct" ? (
          <Trans>directly from device to device</Trans>
        ) : (
          <Trans>through nodes, which cannot read it</Trans>
        )}
      </dd>
    </div>
  );
}
