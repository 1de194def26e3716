/** Devices with a group cipher each, for tests. Credentials are plain names; the rules take what each test gives. */
import { bytesToUtf8, expectOk, utf8ToBytes, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { Group, GroupCipher, GroupRefusal, GroupRules, KeyPackageBundle, Opened } from "@xchat/protocol";
import { mlsGroupCipher } from "../group-cipher.ts";

export const DAY_MS = 86_400_000;
export const START = Date.UTC(2026, 0, 1);
export const NOTHING = new Uint8Array(0);
export const POLICY = utf8ToBytes("policy");

export interface Device {
  readonly name: string;
  readonly cipher: GroupCipher;
  /** Set it to change what this device's rules say. */
  readonly rules: { -readonly [K in keyof GroupRules]: GroupRules[K] };
  newBundle(input?: { readonly days?: number; readonly isLastResort?: boolean }): Promise<KeyPackageBundle>;
}

/** Rules that know no refusal but of an empty credential; tests tighten them. */
export const openRules = (): GroupRules => ({
  verifyCredential: (credential) => credential.length > 0,
  isSuccessor: (before, after) => expectText(before) === expectText(after),
  judgeCommit: () => null,
  now: () => START,
});

export function device(name: string, provider: CryptoProvider): Device {
  const rules = openRules();
  const cipher = mlsGroupCipher({ provider, rules });
  return {
    name,
    cipher,
    rules,
    newBundle: async ({ days = 90, isLastResort = false } = {}) =>
      cipher.newKeyPackage({
        credential: utf8ToBytes(name),
        leafKey: await cipher.newLeafKey(),
        lifetimeSeconds: days * 86_400,
        isLastResort,
      }),
  };
}

export const expectText = (bytes: Uint8Array): string => expectOk(bytesToUtf8(bytes), "text");

/** The value, or a test failure that names the reason. */
export function accepted<T>(result: Result<T, GroupRefusal>): T {
  return expectOk(
    result.ok ? result : { ok: false, error: { reason: `${result.error.reason}: ${result.error.detail}` } },
    "refused",
  );
}

export async function opened<K extends Opened["kind"]>(
  { cipher }: Device,
  group: Group,
  message: Uint8Array,
  kind: K,
): Promise<Extract<Opened, { kind: K }>> {
  const value = accepted(await cipher.open(group, message));
  if (value.kind !== kind) throw new Error(`opened as ${value.kind}`);
  return value as Extract<Opened, { kind: K }>;
}

/** A group of these devices in epoch 1, in their order. */
export async function groupOf(founder: Device, ...others: readonly Device[]): Promise<Group[]> {
  const bundles = await Promise.all(others.map((one) => one.newBundle()));
  const alone = await founder.cipher.createGroup({
    groupId: utf8ToBytes("group"),
    keyPackage: await founder.newBundle(),
    policy: POLICY,
  });
  const made = await founder.cipher.commit(alone, { add: bundles.map(({ keyPackage }) => keyPackage) });
  const joined = await Promise.all(
    others.map(({ cipher }, i) => cipher.join(made.welcome ?? NOTHING, bundles[i] as KeyPackageBundle)),
  );
  return [made.group, ...joined.map(accepted)];
}

export const exporterOf = ({ cipher }: Device, group: Group): Promise<Uint8Array> =>
  cipher.exportSecret(group, "test", NOTHING, 32);

/** Save, then restore: the group as it would come back after a restart. */
export const restarted = ({ cipher }: Device, group: Group): Group => cipher.restore(cipher.save(group));
