/** A word to those who came in on a branch that lost (spec/rejoin.md, RJ15), sealed as what is said in their epoch is. */
import { expectOk, hexToBytes } from "@xchat/codec";
import { makeLeftBehind, sealEnvelopes, type Hex } from "@xchat/protocol";
import { placeOf } from "./state.ts";
import type { ForkAction, ForkWork } from "./work.ts";

/** `null` for an epoch whose secrets this device does not have. */
export async function leftBehindOf(work: ForkWork, epoch: Hex): Promise<ForkAction | null> {
  const { cipher, provider } = work.deps;
  const place = placeOf(work.state, epoch);
  if (place === null) return null;
  const where = { conversation: raw(work.state.conversation), epoch: raw(place.name) };
  const word = await makeLeftBehind(provider, where, cipher.ownLeafKey(work.group));
  const envelopes = await sealEnvelopes(provider, place.wrapKey, word);
  return { kind: "publish", candidate: epoch, envelopes, place };
}

const raw = (value: Hex): Uint8Array => expectOk(hexToBytes(value), "name");
