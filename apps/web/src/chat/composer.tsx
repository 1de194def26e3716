import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type ReactElement } from "react";
import { useApi, useIntent } from "../app/context.tsx";
import { MAX_MESSAGE_BYTES, WARN_MESSAGE_BYTES } from "../app/limits.ts";
import { byteLength } from "../text/shape.ts";
import { ErrorNote, IconButton } from "../ui/basics.tsx";
import { ComposerBanner } from "./composer-banner.tsx";
import { dropKeptWords, keepWords, keptWords } from "./kept-words.ts";
import { MENTION_LIST, MentionList, mentionOption } from "./mention-list.tsx";
import { mentionsIn } from "./mentions.ts";
import { useMentionable, useNaming } from "./use-naming.ts";
import { lastOwnText, NEW, textOf, type Writing } from "./writing.ts";
import { part } from "../ui/part.tsx";

const EmojiPicker = part(() => import("./emoji-picker.tsx"), <div className="emoji-panel" aria-busy="true" />);

const DRAFT_MILLISECONDS = 500;
const hasTouchKeyboard = (): boolean => matchMedia("(pointer: coarse)").matches;

interface ComposerProps {
  readonly chat: ChatView;
  readonly writing: Writing;
  readonly onWrite: (writing: Writing) => void;
  /** What is shown of the chat. */
  readonly rows: readonly MessageView[];
  readonly onSent: () => void;
}

export function Composer({ chat, writing, onWrite, rows, onSent }: ComposerProps): ReactElement {
  const { t } = useLingui();
  const field = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft, leaveDraft] = useDraft(chat);
  const edited = writing.kind === "edit" ? writing.message : null;
  const [edit, setEdit] = useEdit(edited);
  const [text, setText] = edited === null ? ([draft, setDraft] as const) : ([edit, setEdit] as const);
  const [isPicking, setPicking] = useState(false);
  const send = useIntent("sendMessage");
  const change = useIntent("editMessage");
  const people = useMentionable(chat);
  const naming = useNaming(field, text, setText, people);
  const left = MAX_MESSAGE_BYTES - byteLength(text);
  const isSendable = text.trim() !== "" && left >= 0;
  useGrowing(field, text);
  useEffect(() => {
    if (!hasTouchKeyboard()) field.current?.focus();
  }, []);
  useEffect(() => {
    if (writing.kind !== "new") requestAnimationFrame(() => field.current?.focus());
  }, [writing]);

  const cancel = (): void => {
    onWrite(NEW);
    field.current?.focus();
  };
  const save = async (id: string): Promise<void> => {
    if (!isSendable) return;
    const done = await change.run({ chat: chat.id, id, text, mentions: mentionsIn(text, people) });
    if (done.ok) cancel();
  };

  const submit = async (): Promise<void> => {
    if (!isSendable) return;
    if (edited !== null) return save(edited.id);
    const sent = text;
    const replyTo = writing.kind === "reply" ? writing.to.id : null;
    // Emptied at once, so that the next line can be typed; given back where it could not be saved.
    setText("");
    const keepDraft = leaveDraft();
    onWrite(NEW);
    field.current?.focus();
    const outcome = await send.run({ chat: chat.id, text: sent, replyTo, mentions: mentionsIn(sent, people) });
    if (outcome.ok) return onSent();
    if (field.current === null) return keepWords(chat.id, sent);
    keepDraft();
    onWrite(writing);
    setText((typed) => (typed === "" ? sent : `${sent}\n${typed}`));
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || naming.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !hasTouchKeyboard()) {
      event.preventDefault();
      void submit();
    } else if (event.key === "ArrowUp" && text === "" && !event.altKey) {
      event.preventDefault();
      const last = lastOwnText(rows);
      if (last !== undefined && !event.shiftKey && writing.kind === "new") onWrite({ kind: "edit", message: last });
      else document.querySelector<HTMLElement>("#messages [data-message][tabindex='0']")?.focus();
    } else if (event.key === "Escape" && writing.kind !== "new" && !isPicking) {
      event.preventDefault();
      event.stopPropagation();
      cancel();
    } else if (event.key === "Escape" && isPicking) {
      event.preventDefault();
      setPicking(false);
    }
  };

  const insert = (emoji: string): void => {
    const element = field.current;
    const at = element?.selectionStart ?? text.length;
    const to = element?.selectionEnd ?? text.length;
    setText(text.slice(0, at) + emoji + text.slice(to));
    requestAnimationFrame(() => element?.setSelectionRange(at + emoji.length, at + emoji.length));
  };

  return (
    <div className="composer">
      <ErrorNote code={edited === null ? send.error : change.error} />
      {writing.kind !== "new" && <ComposerBanner writing={writing} name={chat.name} onCancel={cancel} />}
      {naming.people.length > 0 && <MentionList people={naming.people} active={naming.active} onPick={naming.pick} />}
      {isPicking && (
        <EmojiPicker
          onPick={insert}
          onClose={() => {
            setPicking(false);
            field.current?.focus();
          }}
        />
      )}
      <p className="composer-limit" role="status">
        {left < 0 ? (
          <Plural
            value={-left}
            one="# byte too long. Split it into parts."
            other="# bytes too long. Split it into parts."
          />
        ) : left < WARN_MESSAGE_BYTES ? (
          <Trans>{left} bytes left</Trans>
        ) : null}
      </p>
      <div className="composer-row">
        <IconButton icon="smile" label={t`Emoji`} aria-expanded={isPicking} onClick={() => setPicking(!isPicking)} />
        <textarea
          ref={field}
          id="composer"
          rows={1}
          dir="auto"
          value={text}
          placeholder={t`Message`}
          aria-autocomplete="list"
          aria-controls={naming.people.length > 0 ? MENTION_LIST : undefined}
          aria-activedescendant={naming.people.length > 0 ? mentionOption(naming.active) : undefined}
          aria-label={t`Message to ${chat.name}`}
          aria-invalid={left < 0 || undefined}
          enterKeyHint={hasTouchKeyboard() ? "enter" : "send"}
          onChange={(event) => setText(event.target.value)}
          onSelect={naming.onSelect}
          onKeyDown={onKeyDown}
        />
        <IconButton
          icon={edited === null ? "send" : "check"}
          label={edited === null ? t`Send` : t`Save`}
          className="send-button"
          aria-disabled={!isSendable}
          onClick={() => void submit()}
        />
      </div>
    </div>
  );
}

/** The words of a message that is being edited: apart from the draft, which stays. */
function useEdit(message: MessageView | null): [string, React.Dispatch<React.SetStateAction<string>>] {
  const [text, setText] = useState("");
  const [of, setOf] = useState<string | null>(null);
  const id = message?.id ?? null;
  if (of !== id) {
    setOf(id);
    setText(message === null ? "" : textOf(message));
  }
  return [text, setText];
}

/**
 * What is typed is saved a moment after each change, and when the chat is left. What another device of this person has
 * typed takes its place where nothing here waits to be saved. `leave`: it is being sent, which
 * empties the saved one; what that answers is called where it could not be.
 */
function useDraft(chat: ChatView): [string, React.Dispatch<React.SetStateAction<string>>, leave: () => () => void] {
  const api = useApi();
  const [text, setText] = useState(() => keptWords(chat.id) ?? chat.draft);
  const isShown = useRef(true);
  const saved = useRef(chat.draft);
  /** What was saved from here and has not come back yet: it is not news from elsewhere. */
  const underWay = useRef<string[]>([]);
  const save = useEffectEvent(() => {
    if (saved.current === text) return;
    saved.current = text;
    underWay.current.push(text);
    // A draft that could not be saved is still in the field, if that is there; the next change tries again.
    api.call("setDraft", { chat: chat.id, text }).catch(() => {
      if (!isShown.current) keepWords(chat.id, text);
      saved.current = "";
      underWay.current = [];
    });
  });
  const take = useEffectEvent((draft: string) => {
    const own = underWay.current.lastIndexOf(draft);
    if (own !== -1) underWay.current.splice(0, own + 1);
    else if (text === saved.current && draft !== text) {
      saved.current = draft;
      setText(draft);
    }
  });
  useEffect(() => take(chat.draft), [chat.draft]);
  useEffect(() => {
    const timer = setTimeout(() => save(), text === "" ? 0 : DRAFT_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const leave = (): void => save();
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, []);
  useEffect(() => dropKeptWords(chat.id), [chat.id]);
  useLayoutEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
      save();
    };
  }, []);
  const leave = (): (() => void) => {
    const before = saved.current;
    if (before !== "") underWay.current.push("");
    saved.current = "";
    return () => {
      saved.current = before;
      underWay.current = [];
    };
  };
  return [text, setText, leave];
}

/** As high as its text, up to what the style sheet allows: measured only where the browser does not do it by itself. */
function useGrowing(field: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null || CSS.supports("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}
