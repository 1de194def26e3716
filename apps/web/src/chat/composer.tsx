import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { ChatView } from "@xchat/client/api";
import { lazy, Suspense, useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type ReactElement } from "react";
import { useApi, useIntent } from "../app/context.tsx";
import { MAX_MESSAGE_BYTES, WARN_MESSAGE_BYTES } from "../app/limits.ts";
import { byteLength } from "../text/shape.ts";
import { ErrorNote, IconButton } from "../ui/basics.tsx";

const EmojiPicker = lazy(() => import("./emoji-picker.tsx"));

const DRAFT_MILLISECONDS = 500;
const hasTouchKeyboard = (): boolean => matchMedia("(pointer: coarse)").matches;

export function Composer({ chat, onSent }: { readonly chat: ChatView; readonly onSent: () => void }): ReactElement {
  const { t } = useLingui();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useDraft(chat);
  const [isPicking, setPicking] = useState(false);
  const send = useIntent("sendMessage");
  const left = MAX_MESSAGE_BYTES - byteLength(text);
  const isSendable = text.trim() !== "" && left >= 0;
  useGrowing(field, text);
  useEffect(() => {
    if (!hasTouchKeyboard()) field.current?.focus();
  }, []);

  const submit = async (): Promise<void> => {
    if (!isSendable) return;
    const sent = text;
    // Emptied at once, so that the next line can be typed; given back where it could not be saved.
    setText("");
    field.current?.focus();
    const outcome = await send.run({ chat: chat.id, text: sent });
    if (outcome.ok) onSent();
    else setText((typed) => (typed === "" ? sent : `${sent}\n${typed}`));
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !hasTouchKeyboard()) {
      event.preventDefault();
      void submit();
    } else if (event.key === "ArrowUp" && text === "" && !event.altKey) {
      event.preventDefault();
      document.querySelector<HTMLElement>("#messages [data-message][tabindex='0']")?.focus();
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
      <ErrorNote code={send.error} />
      {isPicking && (
        <Suspense fallback={<div className="emoji-panel" aria-busy="true" />}>
          <EmojiPicker
            onPick={insert}
            onClose={() => {
              setPicking(false);
              field.current?.focus();
            }}
          />
        </Suspense>
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
          aria-label={t`Message to ${chat.name}`}
          aria-invalid={left < 0 || undefined}
          enterKeyHint={hasTouchKeyboard() ? "enter" : "send"}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <IconButton
          icon="send"
          label={t`Send`}
          className="send-button"
          aria-disabled={!isSendable}
          onClick={() => void submit()}
        />
      </div>
    </div>
  );
}

/** What is typed is saved a moment after each change, and when the chat is left. */
function useDraft(chat: ChatView): [string, React.Dispatch<React.SetStateAction<string>>] {
  const api = useApi();
  const [text, setText] = useState(chat.draft);
  const saved = useRef(chat.draft);
  const save = useEffectEvent(() => {
    if (saved.current === text) return;
    saved.current = text;
    // A draft that could not be saved is still in the field; the next change tries again.
    api.call("setDraft", { chat: chat.id, text }).catch(() => {
      saved.current = "";
    });
  });
  useEffect(() => {
    const timer = setTimeout(() => save(), text === "" ? 0 : DRAFT_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const leave = (): void => save();
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, []);
  useLayoutEffect(() => () => save(), []);
  return [text, setText];
}

/** As high as its text, up to what the style sheet allows. */
function useGrowing(field: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}
