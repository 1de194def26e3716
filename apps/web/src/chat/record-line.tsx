import type { MessageView, RecordView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useTimeWords } from "../i18n/format.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { useRecordWords } from "./record-words.ts";

/** What somebody changed, in its place among the messages. */
export function RecordLine({
  message,
  record,
  isTabStop,
}: {
  readonly message: MessageView;
  readonly record: RecordView;
  readonly isTabStop: boolean;
}): ReactElement {
  const sentences = useRecordWords()(record);
  const words = useTimeWords();
  return (
    <div
      className="notice record-line"
      role="article"
      aria-label={`${sentences.join(" ")} ${words.time(message.sentAt)}`}
      title={words.full(message.sentAt)}
      tabIndex={isTabStop ? 0 : -1}
      data-message={message.id}
    >
      <Icon name={iconOf(record)} size={15} />
      <span>
        {sentences.map((sentence) => (
          <span key={sentence} className="record-sentence">
            {sentence}
          </span>
        ))}
      </span>
    </div>
  );
}

function iconOf({ actions }: RecordView): IconName {
  switch (actions[0]?.kind) {
    case "added":
      return "invite";
    case "removed":
    case "left":
    case "leaving":
      return "leave";
    case "role":
    case "role-ended":
    case "permission":
      return "key";
    case "name":
    case "description":
    case "picture":
      return "edit";
    case "link-made":
    case "link-revoked":
      return "link";
    case "timer":
      return "timer";
    case "home-nodes":
      return "nodes";
    case "device-added":
    case "device-removed":
    case "rejoined":
      return "direct";
    default:
      return "group";
  }
}
