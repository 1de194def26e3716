/** Every chat as JSON text that can be read without this program. */
import type { Chat } from "./chat/chat.ts";
import type { Session } from "./session.ts";

export async function exportJson(session: Session): Promise<string> {
  const { core } = session;
  const chats = [];
  for (const chat of session.chats.values()) {
    const messages = [];
    for await (const event of core.store.everyEvent(chat.id)) {
      const { id, isOwn, sentAt, receivedAt, kind, text, delivery } = event;
      messages.push({
        id,
        from: isOwn ? "me" : chat.authorName(event),
        sentAt: iso(sentAt),
        receivedAt: iso(receivedAt),
        kind,
        text,
        ...(isOwn ? { delivery } : {}),
      });
    }
    chats.push({ ...headOf(chat), messages });
  }
  const { name, accountId } = core.profile();
  return JSON.stringify(
    { format: "xchat-export", version: 1, exportedAt: iso(core.clock.now()), name, accountId, chats },
    null,
    2,
  );
}

function headOf(chat: Chat): object {
  const { id, contact } = chat;
  if (contact === null) return { id, name: chat.view().name, members: chat.groupView().members };
  const { name, petname, accountId, isVerified } = contact;
  return { id, name, petname, accountId, isVerified };
}

const iso = (time: number): string => new Date(time).toISOString();
