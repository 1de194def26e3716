import { Trans } from "@lingui/react/macro";
import type { MessageView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { codeOf, useApi } from "../app/context.tsx";
import { useRecordWords } from "../chat/record-words.ts";
import { useTimeWords } from "../i18n/format.ts";
import { Button, ErrorNote } from "../ui/basics.tsx";
import type { ClientApi, IntentErrorCode } from "@xchat/client/api";

const PAGE = 200;
/** Shown at once; so many more by each further press. */
const WANTED = 12;
/** A long talk between two changes is not read without end for one press. */
const MAX_PAGES = 20;

interface Found {
  /** Newest first. */
  readonly records: readonly MessageView[];
  /** Where the search goes on; null before the first page. */
  readonly before: string | null;
  readonly hasMore: boolean;
}

const NOTHING: Found = { records: [], before: null, hasMore: true };

/** Who did what, newest first. Read only when somebody wants to know. */
export function Records({ chat }: { readonly chat: string }): ReactElement {
  const api = useApi();
  const [found, setFound] = useState<Found | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<IntentErrorCode | null>(null);
  const more = async (from: Found): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setFound(await findMore(api, chat, from));
    } catch (refusal) {
      setError(codeOf(refusal));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="panel-section records">
      <h2 className="section-title">
        <Trans>Who did what</Trans>
      </h2>
      {found !== null && <RecordList records={found.records} />}
      {found !== null && found.records.length === 0 && !found.hasMore && (
        <p className="hint">
          <Trans>Nothing so far.</Trans>
        </p>
      )}
      {(found === null || found.hasMore) && (
        <Button isBusy={isBusy} onClick={() => void more(found ?? NOTHING)}>
          {found === null ? <Trans>Show the record</Trans> : <Trans>Show older</Trans>}
        </Button>
      )}
      <ErrorNote code={error} />
    </section>
  );
}

async function findMore(api: ClientApi, chat: string, from: Found): Promise<Found> {
  const records = [...from.records];
  let { before, hasMore } = from;
  for (let page = 0; page < MAX_PAGES && hasMore && records.length < from.records.length + WANTED; page++) {
    const { messages, hasOlder } = await api.call("messages", { chat, before, limit: PAGE });
    records.push(...messages.filter(({ content }) => content.kind === "record").toReversed());
    before = messages[0]?.order ?? before;
    hasMore = hasOlder && messages.length > 0;
  }
  return { records, before, hasMore };
}

function RecordList({ records }: { readonly records: readonly MessageView[] }): ReactElement {
  const sentences = useRecordWords();
  const words = useTimeWords();
  return (
    <ol className="record-list">
      {records.map(({ id, content, sentAt }) => (
        <li key={id}>
          {content.kind === "record" && <p>{sentences(content.record).join(" ")}</p>}
          <p className="hint">{words.full(sentAt)}</p>
        </li>
      ))}
    </ol>
  );
}
