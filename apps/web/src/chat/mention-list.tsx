import { useLingui } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { Avatar } from "../ui/avatar.tsx";
import { Name } from "../ui/basics.tsx";
import type { Mentionable } from "./mentions.ts";

export const MENTION_LIST = "mention-list";
export const mentionOption = (index: number): string => `${MENTION_LIST}-${index}`;

/** The people whose names begin as what is typed behind an `@`. The field keeps the focus. */
export function MentionList({
  people,
  active,
  onPick,
}: {
  readonly people: readonly Mentionable[];
  readonly active: number;
  readonly onPick: (person: Mentionable) => void;
}): ReactElement {
  const { t } = useLingui();
  return (
    <div className="mention-list" id={MENTION_LIST} role="listbox" aria-label={t`Name somebody`}>
      {people.map((person, index) => (
        <div
          key={person.accountId}
          id={mentionOption(index)}
          className="mention-option"
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          onPointerDown={(event) => {
            event.preventDefault();
            onPick(person);
          }}
        >
          <Avatar name={person.name} accountId={person.accountId} size="small" />
          <Name>{person.name}</Name>
        </div>
      ))}
    </div>
  );
}
