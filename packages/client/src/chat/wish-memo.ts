/**
 * What an own commit is to remember: whom it lets in, for its Welcome; the wishes that it fulfils, should it be undone; and
 * what devices of the person that it lets in are to be given.
 */
import { bytes, decode, encode, expectOk, hexBytes, list, nullable, struct, text, type Codec } from "@xchat/codec";
import { accountIdCodec, type AccountId, type CommitPlan, type Hex } from "@xchat/protocol";
import { wishesCodec, type Wish } from "./wishes.ts";

export interface DeviceMemo {
  readonly intent: string;
  readonly introduction: Uint8Array;
  readonly packages: readonly { readonly device: Hex; readonly keyPackage: Uint8Array }[];
}

export interface WishMemo {
  readonly added: readonly AccountId[];
  readonly wishes: readonly Wish[];
  readonly devices: DeviceMemo | null;
}

const key = hexBytes(32);
const devices: Codec<DeviceMemo> = struct({
  intent: text(256),
  introduction: bytes({ max: 4 * 1_024 * 1_024 }),
  packages: list(struct({ device: key, keyPackage: bytes({ max: 65_536 }) }), { max: 64 }),
});
const memo: Codec<WishMemo> = struct({
  added: list(accountIdCodec, { max: 1_024 }),
  wishes: wishesCodec,
  devices: nullable(devices),
});

/** `ready`: the wishes of which the plan was made. It does the first; of additions, all. */
export function memoOf({ judged }: CommitPlan, ready: readonly Wish[]): Uint8Array {
  const added = judged.whatHappened.flatMap((action) => (action.kind === "added" ? [action.account] : []));
  const isAddition = ready[0]?.change.kind === "add";
  const wishes = isAddition ? ready.filter(({ change }) => change.kind === "add") : ready.slice(0, 1);
  return encode(memo, { added, wishes, devices: null });
}

export const memoOfDevices = (own: DeviceMemo): Uint8Array => encode(memo, { added: [], wishes: [], devices: own });

export const decodeMemo = (stored: Uint8Array): WishMemo => expectOk(decode(memo, stored), "own commit");
