/** What a world knows of its groups: what each device shows of them, who is who, and who was ever to be out or back. */
import type { GroupChatView, GroupView } from "@xchat/client/api";
import { ownerOf, type SimDevice } from "./device.ts";
import type { Audience } from "./ledger.ts";

export class GroupBook {
  readonly #chats = new Map<SimDevice, readonly GroupChatView[]>();
  readonly #views = new Map<SimDevice, Map<string, GroupView>>();
  /** By chat and device: whoever it has shown as a member. */
  readonly #known = new Map<string, Set<string>>();
  readonly #people = new Map<string, string>();
  readonly #back = new Set<string>();
  readonly #out = new Set<string>();

  /** Whose account it is. */
  introduce(accountId: string, person: string): void {
    this.#people.set(accountId, person);
  }

  personOf(accountId: string): string {
    return this.#people.get(accountId) ?? accountId;
  }

  accountOf(person: string): string | null {
    for (const [accountId, one] of this.#people) if (one === person) return accountId;
    return null;
  }

  chatsOf(device: SimDevice): readonly GroupChatView[] {
    return this.#chats.get(device) ?? [];
  }

  viewOf(device: SimDevice, chat: string): GroupView | null {
    return this.#views.get(device)?.get(chat) ?? null;
  }

  showsChats(device: SimDevice, chats: readonly GroupChatView[]): void {
    this.#chats.set(device, chats);
  }

  shows(device: SimDevice, chat: string, view: GroupView): void {
    const views = this.#views.get(device) ?? new Map<string, GroupView>();
    this.#views.set(device, views.set(chat, view));
    const key = `${chat}/${device.name}`;
    const known = this.#known.get(key) ?? new Set();
    for (const person of this.#membersOf(view)) known.add(person);
    this.#known.set(key, known);
  }

  /** Somebody adds them: anew, where anybody has known them there before. */
  isWantedIn(chat: string, person: string): void {
    const wasKnown = [...this.#known].some(([key, known]) => key.startsWith(`${chat}/`) && known.has(person));
    if (wasKnown) this.#back.add(`${chat}/${person}`);
  }

  /** Somebody wants them out, or they do. */
  isWantedOut(chat: string, person: string): void {
    this.#out.add(`${chat}/${person}`);
  }

  wasWantedOut(chat: string, person: string): boolean {
    return this.#out.has(`${chat}/${person}`);
  }

  /** Whom a word that is written now is for; null in a chat of two. */
  audienceOf(device: SimDevice, chat: string): Audience | null {
    const view = this.viewOf(device, chat);
    if (view === null) return null;
    const members = this.#membersOf(view);
    // Who is only being added has not begun to read.
    const isThere = (person: string): boolean =>
      [...this.#chats].some(
        ([{ person: owner }, chats]) =>
          owner === person && chats.some(({ id, state }) => id === chat && state === "active"),
      );
    const owed = new Set([...members].filter(isThere));
    const gone = new Set([...(this.#known.get(`${chat}/${device.name}`) ?? [])].filter((one) => !members.has(one)));
    return {
      isOwed: (name) => owed.has(ownerOf(name)),
      // Who was added again may read what was said beside that, by somebody who had not heard of it.
      isHidden: (name) => gone.has(ownerOf(name)) && !this.#back.has(`${chat}/${ownerOf(name)}`),
    };
  }

  #membersOf({ members }: GroupView): ReadonlySet<string> {
    return new Set(members.map(({ accountId }) => this.personOf(accountId)));
  }
}
