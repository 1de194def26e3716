import type { Command } from "./command.ts";
import { accept, block, decline, invite, requests, unblock, verify } from "./contacts.ts";
import { chats, listen, read, send } from "./messages.ts";
import { init, lock, passphrase, status, words } from "./profile.ts";
import { doctor, exportAll, nodes } from "./upkeep.ts";

/** In the order in which `help` shows them. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    init,
    status,
    invite,
    accept,
    requests,
    decline,
    block,
    unblock,
    chats,
    send,
    read,
    listen,
    verify,
    words,
    passphrase,
    lock,
    nodes,
    export: exportAll,
    doctor,
  }),
);
