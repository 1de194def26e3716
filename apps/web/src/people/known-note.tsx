import { Trans } from "@lingui/react/macro";
import type { KnownPersonView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { Note } from "../ui/basics.tsx";

/** Somebody who is a contact already is met again: who it is, and what that means for the chat with them. */
export function KnownNote({ known }: { readonly known: KnownPersonView | null }): ReactElement | null {
  if (known === null) return null;
  switch (known.change) {
    case "recovered":
      return (
        <Note
          kind="info"
          title={
            <Trans>
              <bdi>{known.name}</bdi> has recovered their account
            </Trans>
          }
        >
          <Trans>
            With their 24 words, on another device; earlier devices of theirs are out. It is the same account and the
            same safety number. The chat begins anew, and the one before stays to read.
          </Trans>
        </Note>
      );
    case "forked":
      return (
        <Note
          kind="warning"
          title={
            <Trans>
              Take care: two devices claim to be <bdi>{known.name}</bdi>
            </Trans>
          }
        >
          <Trans>
            Two lists of their devices contradict each other. One may be in other hands: ask them by another way before
            you go on.
          </Trans>
        </Note>
      );
    case "rolled-back":
      return (
        <Note
          kind="warning"
          title={
            <Trans>
              This is an old state of <bdi>{known.name}</bdi>
            </Trans>
          }
        >
          <Trans>You know a newer list of their devices, and that one counts. Ask them for a new invitation.</Trans>
        </Note>
      );
    default:
      return (
        <Note
          kind="good"
          title={
            <Trans>
              This is <bdi>{known.name}</bdi>, whom you know
            </Trans>
          }
        >
          {known.isVerified ? (
            <Trans>You have compared the safety number: it is the same account.</Trans>
          ) : (
            <Trans>It is the same account as before.</Trans>
          )}
        </Note>
      );
  }
}
