/**
 * The taking side of a transfer (spec/devices.md, section 7): asks for what comes next, takes chunks in their order, and
 * goes on where it stopped, after any crash and with either side away for days.
 *
 * DV16 A chunk counts once its records have been saved; what was under way then is asked for again.
 * DV17 A transfer that stands still is asked for again after 10 s, doubled up to 15 min. It ends when the last chunk has
 *      been saved, when either person stops it, or with the device that gives.
 */
import {
  bytes,
  decode,
  encode,
  equalBytes,
  literal,
  struct,
  uint,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import {
  HISTORY_WINDOW,
  MAX_CHUNKS,
  openChunk,
  openManifest,
  transferKey,
  TRANSFER_ID_BYTES,
  type HistoryManifest,
  type HistoryMessage,
  type HistoryRecord,
} from "./history-format.ts";

const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 900_000;

const savedCodec = struct({
  version: literal(1, "newer-version"),
  transfer: bytes({ length: TRANSFER_ID_BYTES }),
  key: bytes({ length: 32 }),
  chunkCount: uint(MAX_CHUNKS),
  byteCount: uint(),
  /** Chunks before this one have been saved. */
  next: uint(MAX_CHUNKS),
});

/** Holds the key. What is under way is not part of what is saved. */
export interface HistoryIntake {
  readonly transfer: Uint8Array;
  readonly key: Uint8Array;
  readonly chunkCount: number;
  readonly byteCount: number;
  readonly next: number;
  /** Opened, and not saved yet: `next` is with the client while `isSaving`. */
  readonly held: ReadonlyMap<number, readonly HistoryRecord[]>;
  readonly isSaving: boolean;
  readonly askedUpTo: number;
  readonly tries: number;
  readonly askAgainAt: number;
  readonly isOver: boolean;
}

export type HistoryIntakeInput =
  | { readonly kind: "message"; readonly message: HistoryMessage }
  /** The records of chunk `index` are in the store, and so is `saveIntake` of the state after this step. */
  | { readonly kind: "saved"; readonly index: number }
  | { readonly kind: "stop" }
  | { readonly kind: "tick" };

export type HistoryIntakeEffect =
  | { readonly kind: "send"; readonly message: HistoryMessage }
  /** Judge each record (`importRecord`), save what is sound; then `saved`. */
  | { readonly kind: "save"; readonly index: number; readonly records: readonly HistoryRecord[] }
  | { readonly kind: "done" }
  | { readonly kind: "stopped" };

export interface HistoryIntakeStep {
  readonly intake: HistoryIntake;
  readonly effects: readonly HistoryIntakeEffect[];
  readonly wakeAt: number | null;
}

/** `null` when the offer is not sealed under the key that the two share. The person is asked before the first step. */
export async function readHistoryOffer(
  provider: CryptoProvider,
  shared: Uint8Array,
  offer: Extract<HistoryMessage, { kind: "offer" }>,
): Promise<{ readonly intake: HistoryIntake; readonly manifest: HistoryManifest } | null> {
  const { transfer } = offer;
  const key = transferKey(provider, shared, transfer);
  const manifest = await openManifest(provider, key, transfer, offer.manifest);
  if (manifest === null) return null;
  const { chunkCount, byteCount } = manifest;
  return { intake: freshIntake({ transfer, key, chunkCount, byteCount, next: 0 }), manifest };
}

export const saveIntake = ({ transfer, key, chunkCount, byteCount, next }: HistoryIntake): Uint8Array =>
  encode(savedCodec, { version: 1, transfer, key, chunkCount, byteCount, next });

export function restoreIntake(saved: Uint8Array): Result<HistoryIntake, DecodeError> {
  const read = decode(savedCodec, saved);
  return read.ok ? { ok: true, value: freshIntake(read.value) } : read;
}

const freshIntake = (
  saved: Omit<CodecType<typeof savedCodec>, "version"> & { readonly version?: number },
): HistoryIntake => {
  const { version: _, ...rest } = saved;
  return { ...rest, held: new Map(), isSaving: false, askedUpTo: rest.next, tries: 0, askAgainAt: 0, isOver: false };
};

/** The one decision function. `now` in milliseconds by a clock that may jump. */
export async function historyIntakeStep(
  before: HistoryIntake,
  input: HistoryIntakeInput,
  environment: { readonly provider: CryptoProvider; readonly now: number },
): Promise<HistoryIntakeStep> {
  const effects: HistoryIntakeEffect[] = [];
  if (before.isOver) return { intake: before, effects, wakeAt: null };
  const taken = await takeInput(before, input, environment, effects);
  const intake = taken.isOver ? taken : decide(taken, environment.now, effects);
  const isWaiting = !intake.isOver && firstLacking(intake) < intake.askedUpTo;
  return { intake, effects, wakeAt: isWaiting ? intake.askAgainAt : null };
}

async function takeInput(
  intake: HistoryIntake,
  input: HistoryIntakeInput,
  { provider, now }: { readonly provider: CryptoProvider; readonly now: number },
  effects: HistoryIntakeEffect[],
): Promise<HistoryIntake> {
  switch (input.kind) {
    case "message": {
      const { message } = input;
      if (!("transfer" in message) || !equalBytes(message.transfer, intake.transfer)) return intake;
      if (message.kind === "stop") return over(intake, "stopped", effects);
      return message.kind === "chunk" ? takeChunk(provider, intake, message, now) : intake;
    }
    case "saved": {
      if (!intake.isSaving || input.index !== intake.next) return intake;
      const held = new Map(intake.held);
      held.delete(intake.next);
      const next = { ...intake, held, next: intake.next + 1, isSaving: false };
      return next.next === next.chunkCount ? over(next, "done", effects) : next;
    }
    case "stop":
      effects.push({ kind: "send", message: { kind: "stop", transfer: intake.transfer } });
      return over(intake, "stopped", effects);
    case "tick":
      return intake;
  }
}

function over(intake: HistoryIntake, kind: "done" | "stopped", effects: HistoryIntakeEffect[]): HistoryIntake {
  effects.push({ kind });
  return { ...intake, held: new Map(), isSaving: false, isOver: true };
}

/** Only what was asked for is held: nobody fills the memory with chunks from far ahead. */
async function takeChunk(
  provider: CryptoProvider,
  intake: HistoryIntake,
  { index, box }: Extract<HistoryMessage, { kind: "chunk" }>,
  now: number,
): Promise<HistoryIntake> {
  const isWanted = index >= intake.next && index < intake.askedUpTo && !intake.held.has(index);
  if (!isWanted) return intake;
  const records = await openChunk(provider, intake.key, intake.transfer, index, box);
  if (records === null) return intake;
  return { ...intake, held: new Map(intake.held).set(index, records), tries: 1, askAgainAt: now + FIRST_WAIT_MS };
}

function decide(before: HistoryIntake, now: number, effects: HistoryIntakeEffect[]): HistoryIntake {
  if (before.chunkCount === 0) return over(before, "done", effects);
  const records = before.held.get(before.next);
  const isReady = records !== undefined && !before.isSaving;
  if (isReady) effects.push({ kind: "save", index: before.next, records });
  return askMore({ ...before, isSaving: before.isSaving || isReady }, now, effects);
}

/** Whole windows, so that a question costs one message in eight; what is held counts, so that memory is bounded by one. */
function askMore(intake: HistoryIntake, now: number, effects: HistoryIntakeEffect[]): HistoryIntake {
  const { held, chunkCount, transfer, askedUpTo, tries, askAgainAt } = intake;
  const from = firstLacking(intake);
  const isAnswered = from >= askedUpTo;
  const isLate = now >= askAgainAt || askAgainAt > now + LONGEST_WAIT_MS;
  if (!isAnswered && !isLate) return intake;
  const upTo = isAnswered ? Math.min(chunkCount, from + HISTORY_WINDOW - held.size) : askedUpTo;
  if (upTo <= from) return intake;
  effects.push({ kind: "send", message: { kind: "want", transfer, from, count: upTo - from } });
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (isAnswered ? 0 : Math.min(tries, 16)));
  return { ...intake, askedUpTo: upTo, tries: isAnswered ? 1 : tries + 1, askAgainAt: now + wait };
}

function firstLacking({ next, held }: HistoryIntake): number {
  let from = next;
  while (held.has(from)) from++;
  return from;
}
