/** Naming somebody in the field: who can be named, who is offered, and the keys that choose. */
import type { ChatView } from "@xchat/client/api";
import { useMemo, useState } from "react";
import { useGroup, useView } from "../app/context.tsx";
import { matching, mentionQuery, type Mentionable } from "./mentions.ts";

/** In a chat of two both, in a group everybody. */
export function useMentionable(chat: ChatView): readonly Mentionable[] {
  const profile = useView("profile");
  const members = useGroup(chat.id)?.members;
  const accountId = chat.kind === "pair" ? chat.accountId : null;
  return useMemo(() => {
    if (accountId === null) return members ?? [];
    const other = { accountId, name: chat.name };
    return profile?.state === "ready" ? [other, { accountId: profile.accountId, name: profile.name }] : [other];
  }, [accountId, chat.name, members, profile]);
}

export function useNaming(
  field: React.RefObject<HTMLTextAreaElement | null>,
  text: string,
  setText: (text: string) => void,
  everybody: readonly Mentionable[],
): {
  readonly people: readonly Mentionable[];
  readonly active: number;
  readonly pick: (person: Mentionable) => void;
  readonly onSelect: (event: React.SyntheticEvent<HTMLTextAreaElement>) => void;
  /** True where the key was for the list. */
  readonly onKey: (event: React.KeyboardEvent) => boolean;
} {
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState<number | null>(null);
  const query = caret <= text.length ? mentionQuery(text, caret) : null;
  const people = query === null || query.start === dismissed ? [] : matching(everybody, query.wanted);
  const active = Math.min(chosen, Math.max(0, people.length - 1));
  const pick = (person: Mentionable): void => {
    if (query === null) return;
    const put = `@${person.name} `;
    setText(text.slice(0, query.start) + put + text.slice(caret));
    setChosen(0);
    const at = query.start + put.length;
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(at, at);
    });
  };
  const onKey = (event: React.KeyboardEvent): boolean => {
    const person = people[active];
    if (person === undefined || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setChosen((active + step + people.length) % people.length);
    else if (event.key === "Enter" || event.key === "Tab") pick(person);
    else if (event.key === "Escape") setDismissed(query?.start ?? null);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return {
    people,
    active,
    pick,
    onSelect: (event) => {
      setCaret(event.currentTarget.selectionStart);
      if (!text.includes("@")) setDismissed(null);
    },
    onKey,
  };
}
