/** Every chat as JSON text that can be read without this program. */
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
        from: isOwn ? "me" : "them",
        sentAt: iso(sentAt),
        receivedAt: iso(receivedAt),
        kind,
        text,
        ...(isOwn ? { delivery } : {}),
      });
    }
    const { name, petname, accountId, isVerified } = chat.contact;
    chats.push({ id: chat.id, name, petname, accountId, isVerified, messages });
  }
  const { name, accountId } = core.profile();
  return JSON.stringify(
    { format: "xchat-export", version: 1, exportedAt: iso(core.clock.now()), name, accountId, chats },
    null,
    2,
  );
}

const iso = (time: number): string => new Date(time).toISOString();
