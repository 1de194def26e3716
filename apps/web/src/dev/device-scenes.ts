/** Devices of every state, made up for looking at. */
import type { DevicesView, LinkView } from "@xchat/client/api";

const HOUR = 3_600_000;
const at = Math.floor(Date.now() / HOUR) * HOUR;

export const DEVICES: DevicesView = {
  devices: [
    { id: "5f3a91c277de04b8", name: "Chromium on Linux", isThis: true, addedAt: at - 2_000 * HOUR, isLinked: true },
    { id: "aa019b3c5d6e7f80", name: "phone", isThis: false, addedAt: at - 500 * HOUR, isLinked: true },
    {
      id: "1234567890abcdef",
      name: "an old laptop whose name is quite a bit too long for the row that it stands in",
      isThis: false,
      addedAt: at - 40 * HOUR,
      isLinked: true,
    },
    { id: "0000111122223333", name: null, isThis: false, addedAt: at, isLinked: false },
  ],
  isRemoved: false,
  work: { total: 12, done: 7, failing: [{ chat: "first", reason: "unreachable" }] },
  history: {
    take: {
      device: "aa019b3c5d6e7f80",
      state: "coming",
      done: 1_300_000,
      total: 4_200_000,
      events: 3_120,
      refused: 0,
    },
    give: [{ device: "1234567890abcdef", state: "asks", done: 0, total: 0 }],
    isOffered: false,
  },
};

const CODE = "d1.g1BKq0vXo1Z7mJ4cT9wR2sYbUE5hNf8dLk3aQxP6iVtGyWzC0uHrMeAgjSvDpFnBlOkYxQ";

/** By the name of the scene. */
export const LINKS: { readonly [scene: string]: LinkView } = {
  "link-code": { kind: "code", code: CODE, expiresAt: Date.now() + 9 * 60_000 },
  "link-digits": { kind: "digits", deviceName: "laptop", triesLeft: 2 },
  "link-confirming": { kind: "confirming", deviceName: "laptop" },
  "link-added": { kind: "added", deviceName: "laptop" },
  "link-two": { kind: "ended", side: "existing", reason: "two-devices", isListed: false, deviceName: "laptop" },
  "link-listed": { kind: "ended", side: "existing", reason: "timeout", isListed: true, deviceName: "laptop" },
  "new-meeting": { kind: "meeting", nodes: ["wss://one.node.example"] },
  "new-showing": { kind: "showing", digits: "428617" },
  "new-asking": {
    kind: "asking",
    name: "Robin",
    accountId: "xc1q8f3k2m7w9v4t6y5h0n3d8s2c7r4j6l9p5z0x3e8u2a7g4",
  },
  "new-ended": { kind: "ended", side: "new", reason: "other-two-devices", isListed: false, deviceName: "laptop" },
};
