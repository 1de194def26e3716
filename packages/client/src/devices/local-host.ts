/** What the registers of the person's devices are mirrored to and from (`local-registers.ts`). */
import type { AccountBackup } from "../backup/account-backup.ts";
import type { Profile } from "../base/profile.ts";
import type { Chat } from "../chat/chat.ts";
import type { ContactRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";

export interface LocalHost {
  readonly core: SessionCore;
  readonly chats: ReadonlyMap<string, Chat>;
  backup(): AccountBackup;
  setProfile(part: Partial<Profile>): Promise<void>;
  setContact(contact: ContactRecord): Promise<void>;
}
