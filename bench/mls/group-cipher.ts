/** Our own group cipher: a group of two in the X-Wing suite. Runs in Node and in the page. */
import type { CryptoProvider } from "@xchat/crypto";
import { mlsGroupCipher } from "@xchat/mls";
import type { Group, GroupRules } from "@xchat/protocol";
import type { Lane } from "./lane.ts";

const NOTHING = new Uint8Array(0);
const RULES: GroupRules = {
  verifyCredential: (credential) => credential.length > 0,
  isSuccessor: () => false,
  judgeCommit: () => null,
  now: () => Date.now(),
};

export async function groupCipherLane(provider: CryptoProvider): Promise<Lane> {
  const cipher = mlsGroupCipher({ provider, rules: RULES });
  const newBundle = async (name: string) =>
    cipher.newKeyPackage({
      credential: new TextEncoder().encode(name),
      leafKey: await cipher.newLeafKey(),
      lifetimeSeconds: 86_400,
      isLastResort: false,
    });
  const bobsBundle = await newBundle("bob");
  const alone = await cipher.createGroup({
    groupId: Uint8Array.of(1),
    keyPackage: await newBundle("alice"),
    policy: NOTHING,
  });
  const made = await cipher.commit(alone, { add: [bobsBundle.keyPackage] });
  const joined = await cipher.join(made.welcome ?? NOTHING, bobsBundle);
  if (!joined.ok) throw new Error(joined.error.reason);
  let [alices, bobs]: [Group, Group] = [made.group, joined.value];
  return {
    seal: async (plaintext) => {
      const sealed = await cipher.seal(alices, plaintext, NOTHING);
      alices = sealed.group;
      return sealed.message;
    },
    open: async (message) => {
      const opened = await cipher.open(bobs, message);
      if (!opened.ok || opened.value.kind !== "application") throw new Error("does not open");
      bobs = opened.value.group;
      return opened.value.plaintext;
    },
  };
}
