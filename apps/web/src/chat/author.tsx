import type { MessageView, PersonView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { Avatar, toneOf } from "../ui/avatar.tsx";
import { classes, Name } from "../ui/basics.tsx";

/** Who wrote, above the first of several messages in a row. The label of each message names them for readers. */
export function Author({ person }: { readonly person: PersonView }): ReactElement {
  return (
    <p className={classes("message-author", `tone-${toneOf(person.accountId)}`)} aria-hidden="true">
      <Avatar name={person.name} accountId={person.accountId} size="tiny" />
      <Name>{person.name}</Name>
    </p>
  );
}

/** Whose message it is in the eyes of the reader: of another, in a group by their name, else by that of the chat. */
export const authorName = (message: MessageView, chatName: string): string => message.author?.name ?? chatName;
