import { Plural, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { goBack } from "../app/places.ts";
import { useSearch } from "../chats/use-search.ts";
import { IconButton } from "../ui/basics.tsx";

/** Search within the open chat: hits are walked through in place, newest first. */
export default function ChatSearch({
  chat,
  onHit,
}: {
  readonly chat: string;
  readonly onHit: (message: string) => void;
}): ReactElement {
  const { t } = useLingui();
  const [text, setText] = useState("");
  const { hits, isBusy } = useSearch(text, chat);
  const [shown, setShown] = useState(-1);
  const [shownFor, setShownFor] = useState(hits);
  if (shownFor !== hits) {
    setShownFor(hits);
    setShown(-1);
  }
  const show = (index: number): void => {
    const hit = hits?.[index];
    if (hit === undefined) return;
    setShown(index);
    onHit(hit.message.id);
  };
  return (
    <search className="chat-search">
      <input
        type="search"
        dir="auto"
        value={text}
        placeholder={t`Search in this chat`}
        aria-label={t`Search in this chat`}
        autoFocus
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") show(event.shiftKey ? shown - 1 : shown + 1);
        }}
      />
      <span role="status" className="chat-search-count">
        {hits === null || isBusy ? (
          ""
        ) : shown >= 0 ? (
          t`${shown + 1} of ${hits.length}`
        ) : (
          <Plural value={hits.length} _0="nothing found" one="# hit" other="# hits" />
        )}
      </span>
      <IconButton
        icon="back"
        label={t`Older hit`}
        className="turn-up"
        aria-disabled={hits === null || shown >= hits.length - 1}
        onClick={() => show(shown + 1)}
      />
      <IconButton
        icon="back"
        label={t`Newer hit`}
        className="turn-down"
        aria-disabled={shown <= 0}
        onClick={() => show(shown - 1)}
      />
      <IconButton icon="close" label={t`Close the search`} onClick={goBack} />
    </search>
  );
}
