import { backup, recover } from "./backup.ts";
import type { Command } from "./command.ts";
import { accept, block, decline, invite, requests, unblock, verify } from "./contacts.ts";
import { devices, link } from "./devices.ts";
import { deleteMessage, disappear, edit, forward, pin, pinned, react, reply, star, starred } from "./content.ts";
import { history } from "./history.ts";
import { chats, listen, read, send } from "./messages.ts";
import { group } from "./group.ts";
import { init, lock, passphrase, status, words } from "./profile.ts";
import { doctor, exportAll, nodes, relays } from "./upkeep.ts";

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
    group,
    send,
    read,
    listen,
    reply,
    react,
    edit,
    delete: deleteMessage,
    pin,
    pinned,
    star,
    starred,
    forward,
    disappear,
    verify,
    words,
    backup,
    recover,
    passphrase,
    lock,
    link,
    devices,
    history,
    nodes,
    relays,
    export: exportAll,
    doctor,
  }),
);
