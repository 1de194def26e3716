import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import { useEffect, useState, type ReactElement } from "react";
import { useApi, useView } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { useTimeWords } from "../i18n/format.ts";
import { Avatar } from "../ui/avatar.tsx";
import { EmptyState, ErrorNote, Name } from "../ui/basics.tsx";
import { Pane } from "../ui/pane.tsx";
import { ChatAvatar } from "./chat-avatar.tsx";
import { toneSeed } from "./kinds.ts";
import { isLike } from "../text/fold.ts";
import { excerpt } from "./excerpt.ts";
import { useSearch, type Hit } from "./use-search.ts";

const MAX_STARRED = 200;
const NO_CHATS: readonly ChatView[] = [];

/** Over all chats: people first, then messages. Enter opens the first. */
export default function Search(): ReactElement {
  const { t } = useLingui();
  const [text, setText] = useState("");
  const chats = useView("chats") ?? NO_CHATS;
  const { hits, isBusy, error } = useSearch(text, null);
  const people = text.trim() === "" ? [] : chats.filter((chat) => matches(chat, text.trim()));
  const openFirst = (event: React.SyntheticEvent): void => {
    event.preventDefault();
    const [person] = people;
    const hit = hits?.[0];
    if (person !== undefined) go({ at: "chat", chat: person.id });
    else if (hit !== undefined) go({ at: "chat", chat: hit.chat, message: hit.message.id });
  };
  return (
    <Pane title={t`Search`}>
      <search>
        <form onSubmit={openFirst}>
          <input
            type="search"
            className="search-field"
            dir="auto"
            autoFocus
            value={text}
            placeholder={t`People and messages`}
            aria-label={t`Search people and messages`}
            onChange={(event) => setText(event.target.value)}
          />
        </form>
      </search>
      <ErrorNote code={error} />
      <p role="status" className="visually-hidden">
        {hits !== null && !isBusy && (
          <Plural value={hits.length + people.length} _0="nothing found" one="# hit" other="# hits" />
        )}
      </p>
      {people.length > 0 && <PeopleFound people={people} />}
      {hits !== null && hits.length > 0 && <MessagesFound hits={hits} chats={chats} text={text.trim()} />}
      {hits !== null && hits.length === 0 && people.length === 0 && !isBusy && (
        <EmptyState icon="search" title={<Trans>Nothing found</Trans>}>
          <Trans>The search looks for whole words and their beginnings, on this device alone.</Trans>
        </EmptyState>
      )}
      {text.trim() === "" && <Starred chats={chats} />}
      {text.trim() === "" && (
        <EmptyState icon="search" title={<Trans>Search all chats</Trans>}>
          <Trans>The search runs on this device. Nobody learns what you look for.</Trans>
        </EmptyState>
      )}
    </Pane>
  );
}

const matches = (chat: ChatView, text: string): boolean =>
  isLike(text, chat.name, chat.kind === "pair" ? chat.theirName : "");

function PeopleFound({ people }: { readonly people: readonly ChatView[] }): ReactElement {
  return (
    <section>
      <h2 className="section-title">
        <Trans>People and groups</Trans>
      </h2>
      <ul className="hit-list">
        {people.map((chat) => (
          <li key={chat.id}>
            <button type="button" className="hit" onClick={() => go({ at: "chat", chat: chat.id })}>
              <ChatAvatar chat={chat} size="small" />
              <span className="hit-name">
                <Name>{chat.name}</Name>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function HitAuthor({ message }: { readonly message: MessageView }): ReactElement {
  return (
    <span className="last-author">
      {message.isOwn ? <Trans>You</Trans> : <bdi>{message.author?.name ?? "?"}</bdi>}
      {": "}
    </span>
  );
}

/** What this person has starred, while nothing is looked for. */
function Starred({ chats }: { readonly chats: readonly ChatView[] }): ReactElement | null {
  const api = useApi();
  const [hits, setHits] = useState<readonly Hit[]>([]);
  useEffect(() => {
    let isHere = true;
    api.call("starredMessages", { chat: null, limit: MAX_STARRED }).then(
      (found) => isHere && setHits(found.hits),
      () => {},
    );
    return () => void (isHere = false);
  }, [api]);
  return hits.length === 0 ? null : <MessagesFound hits={hits} chats={chats} text="" title={<Trans>Starred</Trans>} />;
}

function MessagesFound({
  hits,
  chats,
  text,
  title = <Trans>Messages</Trans>,
}: {
  readonly hits: readonly Hit[];
  readonly chats: readonly ChatView[];
  readonly text: string;
  readonly title?: ReactElement;
}): ReactElement {
  const words = useTimeWords();
  return (
    <section>
      <h2 className="section-title">{title}</h2>
      <ul className="hit-list">
        {hits.map(({ chat: id, message }) => {
          const chat = chats.find((one) => one.id === id);
          const content = message.content.kind === "text" ? message.content.text : "";
          return (
            <li key={message.id}>
              <button type="button" className="hit" onClick={() => go({ at: "chat", chat: id, message: message.id })}>
                <Avatar
                  name={chat?.name ?? "?"}
                  accountId={chat === undefined ? id : toneSeed(chat)}
                  isGroup={chat?.kind === "group"}
                  size="small"
                />
                <span className="hit-name">
                  <Name>{chat?.name ?? "?"}</Name>
                  <time dateTime={new Date(message.sentAt).toISOString()}>{words.brief(message.sentAt)}</time>
                </span>
                <span className="hit-text" dir="auto">
                  {chat?.kind === "group" && <HitAuthor message={message} />}
                  {excerpt(content, text).map((part, index) =>
                    part.isHit ? <mark key={index}>{part.text}</mark> : part.text,
                  )}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
