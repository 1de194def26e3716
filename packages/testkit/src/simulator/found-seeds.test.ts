/** Seeds that have found something, each with what it was. They stay. */
import { expect, test } from "vitest";
import { simulate } from "./index.ts";

test.each([
  {
    seed: 1,
    found:
      "a newcomer with a slow clock could answer no invitation in its first minutes: ts-mls knows no tolerance (GE3)",
  },
  {
    seed: 133,
    found:
      "a message that waited for an older one was replaced by the placeholder of a gap that ended with it: lost for good, and acknowledged (LG8)",
  },
  {
    seed: 806_584,
    found:
      "a request went to one node alone, which said that it kept it and threw it away: nobody was ever asked (IN8)",
  },
  {
    seed: 806_597,
    found: "the same, where the other nodes of the card were down while the invitation was followed (IN8)",
  },
  {
    seed: 920_074,
    found: "the simulator itself cut the power while it looked whether all had come together, and never ended",
  },
  {
    seed: 178_166,
    found:
      "a person of two chats was blocked and unblocked in one, and the other was read no more: nothing came, and nothing was acknowledged (CV16)",
  },
  {
    seed: 300_078,
    found: "the same, where the block was lifted by a yes to their request (CV16)",
  },
  {
    seed: 5028,
    found: "an old copy of a store went on before it had read what it had done, and a newcomer waited for ever (RJ12)",
    hasOldCopies: true,
  },
  {
    seed: 5054,
    found:
      "an old copy of a store answered with an acknowledgement, in a generation that it had used (IN7); what it wrote before it found out was never known to have arrived (LG18)",
    hasOldCopies: true,
  },
  {
    seed: 120,
    found: "two newcomers who spoke at once cited where their history began, and a third showed it as lost (LG16)",
    hasGroups: true,
  },
  {
    seed: 738,
    found:
      "who was removed and added again while away threw the addition away, because they had not read the removal yet: the others counted in who never came (GR29)",
    hasGroups: true,
  },
  {
    seed: 1025,
    found: "what waited to be sealed when somebody left was shown as on its way for ever (GR31)",
    hasGroups: true,
  },
  {
    seed: 1040,
    found:
      "a key package that was given in one of two chats with somebody was used, and they were introduced through the other: they never came (GR29)",
    hasGroups: true,
  },
  {
    seed: 217,
    found:
      "who was added on a branch that lost stood there for ever, with all who had come along, while who had added them waited for them elsewhere (RJ15, RJ16)",
    hasGroups: true,
  },
  {
    seed: 9025,
    found:
      "the same, six epochs long (RJ15, RJ16); somebody left on a branch that lost, and counted as a member for good (GR33)",
    hasGroups: true,
  },
  {
    seed: 9010,
    found:
      "a commit that had lost hours ago got its certificate when a node came back, and took everybody back; who had come in meanwhile stood alone (FR16, RJ15)",
    hasGroups: true,
  },
  {
    seed: 771_007,
    found:
      "the same; and whom a commit had let in that changed the policy besides was not told that it had lost (RJ15)",
    hasGroups: true,
  },
  {
    seed: 642,
    found:
      "the same after days without nodes, where only the owner could be believed (RJ14, RJ16); what was said again after coming back was never known to have arrived (LG18)",
    hasGroups: true,
    hasDarkness: true,
  },
  {
    seed: 641,
    found:
      "who was added by somebody who had been removed meanwhile counted them in, and nobody told them (RJ13, RJ15)",
    hasGroups: true,
    hasDarkness: true,
  },
  {
    seed: 2012,
    found: "what somebody had sealed before they heard of a second device stood there as a gap for good (LG10)",
    hasDevices: true,
  },
  {
    seed: 2034,
    found: "a removed device did not know it: the list was told behind the commit that took it out (DV36)",
    hasDevices: true,
  },
  {
    seed: 2042,
    found:
      "a commit was certified long after its epoch had begun, and the device that it added was never given the chat",
    hasDevices: true,
  },
  {
    seed: 5000,
    found:
      "what a device had in stock waited for a commit that stood in the way, and nobody looked again (DV32, DV39); who was known by an old invitation counted as somebody who has lost every device (DV35)",
    hasDevices: true,
  },
  {
    seed: 4000,
    found:
      "what a device had written where it came in on a branch that lost reached nobody but who had been there (LG19)",
    hasDevices: true,
    suite: "real" as const,
  },
  {
    seed: 412_003,
    found:
      "a device that had been off took out one that was linked meanwhile: it came to its leaf before its list (DV30)",
    hasDevices: true,
  },
])("seed $seed: $found", async ({ seed, ...more }) => {
  const { failure, story } = await simulate({
    seed,
    suite: "cheap",
    hasOldCopies: false,
    hasGroups: false,
    hasDevices: false,
    hasDarkness: false,
    ...more,
  });
  expect(failure, story.join("\n")).toBeNull();
});
