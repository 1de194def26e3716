/** What the work after a change of the list of devices needs of a session: see `device-work-driver.ts`. */
import { bytesToHex } from "@xchat/codec";
import type { Chat } from "../chat/chat.ts";
import { commitError } from "../chat/own-devices.ts";
import type { DeviceWorkHost } from "./device-work-driver.ts";
import type { Siblings, SiblingsHost } from "./siblings.ts";

const WORK_DOCUMENT = "device-work";

export function workHost(host: SiblingsHost, siblings: Siblings): DeviceWorkHost {
  const { core } = host;
  const { provider, clock, background, store } = core;
  const listed = (): readonly string[] => siblings.chain.identity.devices.map(({ deviceKey }) => bytesToHex(deviceKey));
  const all = (): readonly Chat[] => {
    const { shared } = siblings;
    // Before a second device was linked there is nothing to do anywhere.
    return shared === null ? [] : [shared.chat, ...host.chats.values()];
  };
  const find = (id: string): Chat => {
    const chat = all().find((one) => one.id === id);
    if (chat === undefined) throw Object.assign(new Error("no such conversation"), { code: "conversation-gone" });
    return chat;
  };
  return {
    provider,
    clock,
    background,
    chainRead: () => siblings.chain.idle(),
    account: () => ({
      head: bytesToHex(siblings.chain.identity.head),
      devices: listed(),
      self: siblings.chain.ownDevice,
      changedBy: siblings.chain.changedBy,
      stock: siblings.shared?.stock.facts() ?? new Map(),
    }),
    conversations: () =>
      all()
        .filter(({ record }) => record.state === "active")
        .map((chat) => ({
          conversation: chat.id,
          isSelf: chat === siblings.shared?.chat,
          leaves: chat.devices.own,
          canCommit: chat.devices.mayCommit,
          packaged: listed().filter((device) => siblings.shared?.supply.hasPackage(device, chat.id) === true),
          unopened: siblings.unopened(chat),
          lastActiveAt: chat.record.activeAt,
        })),
    tell: (id) => find(id).devices.tellChain(),
    remove: (id, devices) => find(id).devices.change({ kind: "remove", devices }),
    add: async (id, devices) => {
      const packages = new Map<string, Uint8Array>();
      for (const device of devices) {
        const keyPackage = (await siblings.shared?.supply.setApart(device, id)) ?? null;
        if (keyPackage !== null) packages.set(device, keyPackage);
      }
      if (packages.size === 0) throw commitError("no-key-package");
      await find(id).devices.change({ kind: "add", packages });
    },
    wantPackages: async (device, conversations) => {
      const { shared } = siblings;
      // A device that is not in the conversation of the own devices hears of nothing there.
      if (shared === null || !shared.chat.devices.own.includes(device)) return;
      const wanted = conversations.filter((id) => id !== shared.chat.id);
      if (wanted.length > 0) await shared.chat.devices.append(shared.supply.want(device, wanted), () => []);
    },
    chore: async (chore) => {
      if (chore === "revoke-invitations") await host.revokeInvitations();
      if (chore === "write-backup") await host.backup().writeNow();
    },
    expelled: () => host.stop(),
    load: () => store.document(WORK_DOCUMENT),
    save: (value) => store.write([{ document: WORK_DOCUMENT, value }]),
    onProgress: () => core.topics.mark("devices"),
  };
}
