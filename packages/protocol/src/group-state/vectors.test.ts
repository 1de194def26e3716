/**
 * Frozen vectors of group state, commit notes, records and verdicts (`spec/vectors/group.json`): inputs, and the bytes or
 * words that must come out. `XCHAT_WRITE_VECTORS=1` writes them anew, which is a change of the law.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bytesToHex, expectOk, hexToBytes, type CborValue } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { forwardedContent, pinContent, textContent } from "../content/meaning.ts";
import { decodeMessageContent, encodeMessageContent } from "../content/mimi.ts";
import { filled } from "../hostile-input.node.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import { decodeGroupRecord, encodeGroupRecord, type GroupAction } from "./actions.ts";
import { currentState, withAdmin, withOwner } from "./change.ts";
import { decodeCommitNote, encodeCommitNote } from "./note.ts";
import { rejoinInbox } from "./rejoin-inbox.ts";
import { decodeGroupState, encodeGroupState, newDevicesState, sortedAccounts, type GroupState } from "./state.ts";
import {
  accountOf,
  groupOf,
  hashOf,
  HOME,
  leafOf,
  leavesOf,
  standingOf,
  tried,
  type World,
} from "./test-actors.node.ts";

type Vectors = readonly { readonly name: string; readonly [field: string]: unknown }[];

const hexOf = (value: unknown): Uint8Array => expectOk(hexToBytes(value as string), "hex");
const accountHex = (name: string): string => bytesToHex(accountIdToBytes(accountOf(name)));

const full = groupOf("ada", ["bob", "cy"], {
  leaving: [accountOf("dan")],
  description: "Tuesdays at seven.\nBring your own scores.",
  picture: { blob: hashOf("picture"), key: hashOf("key"), size: 20_000 },
  permissions: { write: "admins", add: "everyone", info: "owner", pin: "admins" },
  disappearAfter: 604_800,
  links: [
    {
      hash: hashOf("link"),
      seed: hashOf("link seed"),
      by: accountOf("ada"),
      needsApproval: true,
      expiresAt: 1_800_000_000_000,
      isRevoked: false,
    },
  ],
  rejoin: [
    { number: 3, seed: hashOf("3") },
    { number: 1, seed: hashOf("1") },
  ],
  capabilities: ["calls"],
  extensions: new Map<number | string, CborValue>([["later", [1, "two", filled(3)]]]),
});
const [one, other] = sortedAccounts([accountOf("ada"), accountOf("bob")]) as [never, never];

const STATES: Record<string, GroupState> = {
  "new group": groupOf("ada"),
  "group with everything": full,
  "group whose owner has gone": groupOf("ada", ["bob"], { owner: null }),
  devices: newDevicesState({ owner: accountOf("ada"), homeNodes: HOME, rejoinSeed: hashOf("seed") }),
  pair: {
    ...groupOf("ada"),
    kind: "pair",
    owner: null,
    name: null,
    pair: { accounts: [one, other], requester: other, isAccepted: true },
  },
};

const ACTIONS: readonly GroupAction[] = [
  { kind: "added", account: accountOf("dan") },
  { kind: "removed", account: accountOf("dan") },
  { kind: "left", account: accountOf("dan") },
  { kind: "device-added", account: accountOf("dan"), deviceKey: hashOf("device") },
  { kind: "device-removed", account: accountOf("dan"), deviceKey: hashOf("device") },
  { kind: "rejoined", account: accountOf("dan"), deviceKey: hashOf("new"), replaced: hashOf("old") },
  { kind: "role", account: accountOf("dan"), from: "member", to: "admin" },
  { kind: "role-ended", account: accountOf("dan") },
  { kind: "leaving", account: accountOf("dan"), isLeaving: true },
  { kind: "name", from: null, to: "Choir" },
  { kind: "description", to: "Tuesdays" },
  { kind: "picture", isSet: true },
  { kind: "permission", name: "write", from: "everyone", to: "admins" },
  { kind: "timer", from: null, to: 60 },
  { kind: "home-nodes", count: 2 },
  { kind: "link-made", hash: hashOf("link"), needsApproval: true, expiresAt: null },
  { kind: "link-revoked", hash: hashOf("link") },
  { kind: "rejoin-renewed" },
  { kind: "accepted" },
  { kind: "upgraded", version: 2 },
  { kind: "capabilities" },
  { kind: "extension", key: "later" },
  { kind: "unknown", tag: 4_000, content: filled(3) },
];

/** Ada owns; Bob and Cy are admins; Dan and Eve are members, Eve with two devices; Fay was an admin and has left. */
const choir: World = {
  state: groupOf("ada", ["bob", "cy", "fay"]),
  leaves: leavesOf("ada", "bob", "cy", "dan", "eve", "eve.laptop"),
};
const clean = currentState(standingOf(choir));

type Case = readonly [name: string, by: string, over: Parameters<typeof tried>[2]];
const CASES: readonly Case[] = [
  ["a member renews a key", "dan", {}],
  ["a stranger commits", "zoe", {}],
  ["an admin removes a member", "bob", { removed: leavesOf("dan") }],
  ["an admin removes an equal", "bob", { removed: leavesOf("cy") }],
  ["an admin removes the owner", "bob", { removed: leavesOf("ada") }],
  ["a member removes their own laptop", "eve", { removed: leavesOf("eve.laptop") }],
  ["a removal with a new name", "ada", { removed: leavesOf("dan"), state: { ...clean, name: "Trio" } }],
  ["a member adds a person", "dan", { added: leavesOf("zoe") }],
  ["a member adds their own laptop", "dan", { added: leavesOf("dan.laptop") }],
  ["the owner adds a member's laptop", "ada", { added: leavesOf("dan.laptop") }],
  ["an account comes back to its old role", "bob", { added: leavesOf("fay") }],
  ["a device comes back", "dan+1", { isExternal: true, removed: leavesOf("dan") }],
  ["a device comes back in somebody's place", "dan+1", { isExternal: true, removed: leavesOf("eve") }],
  ["a device comes back and renames", "dan+1", { isExternal: true, removed: leavesOf("dan"), state: clean }],
  ["a member renames, and purges the list", "dan", { state: { ...clean, name: "Quartet" } }],
  ["a member renames, and purges nothing", "dan", { state: { ...choir.state, name: "Quartet" } }],
  ["the owner makes an admin", "ada", { state: withAdmin(standingOf(choir), accountOf("dan"), true) }],
  ["an admin makes an admin", "bob", { state: withAdmin(standingOf(choir), accountOf("dan"), true) }],
  ["the owner passes the group on", "ada", { state: withOwner(standingOf(choir), accountOf("dan")) }],
  ["an admin takes the group", "bob", { state: withOwner(standingOf(choir), accountOf("bob")) }],
  ["a member sets the timer", "dan", { state: { ...clean, disappearAfter: 60 } }],
  ["an admin sets the timer", "bob", { state: { ...clean, disappearAfter: 60 } }],
];

const leafVector = (leaf: ReturnType<typeof leafOf>) => ({
  account: bytesToHex(accountIdToBytes(leaf.account)),
  deviceKey: leaf.deviceKey,
  leafKey: leaf.leafKey,
});

/** What goes in is in the file, so that another implementation can judge the same. */
function verdictVector([name, by, over = {}]: Case) {
  const judged = tried(choir, by, over);
  const { state } = over;
  return {
    name: `verdict: ${name}`,
    before: bytesToHex(encodeGroupState(choir.state)),
    leaves: choir.leaves.map(leafVector),
    committer: leafVector(leafOf(by)),
    added: (over.added ?? []).map(leafVector),
    removed: (over.removed ?? []).map(leafVector),
    state: state === undefined ? null : bytesToHex(encodeGroupState(state as GroupState)),
    isExternal: over.isExternal ?? false,
    ...(judged.ok
      ? {
          verdict: "ok",
          authority: judged.value.authority,
          record: bytesToHex(encodeGroupRecord({ by: judged.value.by, actions: judged.value.whatHappened })),
        }
      : { verdict: judged.error.reason }),
  };
}

const NOTE = {
  place: { depth: 9, previous: { sequence: 3, id: hashOf("previous") } },
  cut: [
    { leafKey: "11".repeat(32), sequence: 7 },
    { leafKey: "22".repeat(32), sequence: null },
  ],
  unknown: [{ tag: 900, content: filled(5) }],
};

const CONTENTS = {
  "content: mention": textContent({
    salt: filled(16),
    text: "👋 @Ada, hello",
    mentions: [{ start: 3, end: 7, account: hexOf(accountHex("ada")) }],
  }),
  "content: forwarded": forwardedContent({
    salt: filled(16),
    content: textContent({ salt: filled(16, 9), text: "news", inReplyTo: filled(32) }),
  }),
  "content: pinned": pinContent({ salt: filled(16), target: filled(32, 2), isPinned: true }),
  "content: pin taken away": pinContent({ salt: filled(16), target: filled(32, 2), isPinned: false }),
};

const inbox = rejoinInbox(nodeCryptoProvider(), {
  conversation: hashOf("conversation"),
  seed: hashOf("seed"),
  nodeKeyHash: filled(32),
});

const made: Vectors = [
  ...Object.entries(STATES).map(([name, state]) => ({
    name: `state: ${name}`,
    encoded: bytesToHex(encodeGroupState(state)),
  })),
  { name: "note", encoded: bytesToHex(encodeCommitNote(NOTE)) },
  { name: "record", encoded: bytesToHex(encodeGroupRecord({ by: accountOf("ada"), actions: ACTIONS })) },
  ...Object.entries(CONTENTS).map(([name, content]) => ({
    name,
    encoded: bytesToHex(encodeMessageContent(content)),
  })),
  {
    name: "rejoin inbox",
    conversation: hashOf("conversation"),
    seed: hashOf("seed"),
    nodeKeyHash: bytesToHex(filled(32)),
    mailboxSeed: bytesToHex(inbox.mailboxSeed),
    wrapKey: bytesToHex(inbox.wrapKey),
  },
  ...CASES.map(verdictVector),
];

describe("frozen vectors of groups", () => {
  const path = new URL("../../../../spec/vectors/group.json", import.meta.url);
  if (process.env["XCHAT_WRITE_VECTORS"] === "1") writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`);
  if (!existsSync(path)) throw new Error(`${path.pathname} is missing`);
  const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;

  it("[GS1] [GR20] [GR21] [GR27] [MC6] [MC7] states, notes, records, inboxes and contents", () => {
    expect(made).toEqual(vectors);
    for (const { name, encoded } of vectors) {
      if (encoded === undefined) continue;
      const bytes = hexOf(encoded);
      const again = name.startsWith("state")
        ? encodeGroupState(expectOk(decodeGroupState(bytes), name))
        : name === "note"
          ? encodeCommitNote(expectOk(decodeCommitNote(bytes), name))
          : name === "record"
            ? encodeGroupRecord(expectOk(decodeGroupRecord(bytes), name))
            : encodeMessageContent(expectOk(decodeMessageContent(bytes), name));
      expect(bytesToHex(again), name).toBe(encoded);
    }
  });

  it("[GR2] to [GR18] verdicts, of which some allow and some refuse", () => {
    const verdicts = vectors.filter(({ name }) => name.startsWith("verdict")).map(({ verdict }) => verdict);
    expect(verdicts).toHaveLength(CASES.length);
    expect(verdicts.filter((verdict) => verdict === "ok").length).toBeGreaterThan(8);
    expect(new Set(verdicts).size).toBeGreaterThan(9);
  });
});
