/**
 * A hash for simulations: 128 bits of state, no secrets, no claims. Inputs that differ give outputs that differ, as far
 * as chance goes; who wants to, finds collisions at once. Never used where a person's data is.
 *
 * A 32-bit multiplication is the fastest mixing that JavaScript has: about a nanosecond a word, where a call into the
 * native library costs a microsecond before it has hashed anything.
 */

const SEED_A = 0x243f6a88;
const SEED_B = 0x85a308d3;
const SEED_C = 0x13198a2e;
const SEED_D = 0x03707344;

let a = 0;
let b = 0;
let c = 0;
let d = 0;

/** Starts a hash; `purpose` keeps those of different operations apart. One at a time: the state is the module's. */
export function begin(purpose: number): void {
  a = SEED_A ^ purpose;
  b = SEED_B;
  c = SEED_C;
  d = SEED_D ^ Math.imul(purpose, 0x9e3779b1);
}

/** Takes these bytes in, and that they end here. */
export function absorb(bytes: Uint8Array): void {
  const { length } = bytes;
  const words = length >>> 4;
  if (words > 0) absorbBlocks(new DataView(bytes.buffer, bytes.byteOffset, length), words);
  let [w0, w1, w2, w3] = [0, 0, 0, 0];
  for (let i = words << 4; i < length; i++) {
    const shifted = (bytes[i] as number) << ((i & 3) << 3);
    const word = (i >>> 2) & 3;
    if (word === 0) w0 |= shifted;
    else if (word === 1) w1 |= shifted;
    else if (word === 2) w2 |= shifted;
    else w3 |= shifted;
  }
  mix(w0, w1, w2, w3);
  mix(length, ~length, 0x5bd1e995, 0);
}

function absorbBlocks(view: DataView, count: number): void {
  for (let i = 0, at = 0; i < count; i++, at += 16) {
    mix(
      view.getInt32(at, true),
      view.getInt32(at + 4, true),
      view.getInt32(at + 8, true),
      view.getInt32(at + 12, true),
    );
  }
}

/** A permutation of the state for each block: what differs stays different. */
function mix(w0: number, w1: number, w2: number, w3: number): void {
  let t = Math.imul(a ^ w0, 0x85ebca6b);
  a = (((t << 15) | (t >>> 17)) + b) | 0;
  t = Math.imul(b ^ w1, 0xc2b2ae35);
  b = (((t << 13) | (t >>> 19)) + c) | 0;
  t = Math.imul(c ^ w2, 0x27d4eb2f);
  c = (((t << 16) | (t >>> 16)) + d) | 0;
  t = Math.imul(d ^ w3, 0x165667b1);
  d = (((t << 11) | (t >>> 21)) + a) | 0;
}

/** Ends it. Any length. */
export function finish(length: number): Uint8Array {
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  mix(length, 1, 2, 3);
  for (let at = 0; at < length; at += 16) {
    for (let round = 0; round < 3; round++) mix(at, round, d >>> 7, a >>> 9);
    put(out, view, at, a);
    put(out, view, at + 4, b);
    put(out, view, at + 8, c);
    put(out, view, at + 12, d);
  }
  return out;
}

function put(out: Uint8Array, view: DataView, at: number, word: number): void {
  if (at + 4 <= out.length) view.setInt32(at, word, true);
  else for (let i = at; i < out.length; i++) out[i] = word >>> ((i - at) << 3);
}

/** A pad over the bytes that repeats after sixteen: enough that no plaintext is seen, and its own inverse. */
export function padded(bytes: Uint8Array, pad: Uint8Array, into: Uint8Array): void {
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const to = new DataView(into.buffer, into.byteOffset, into.length);
  const keys = new DataView(pad.buffer, pad.byteOffset, 16);
  const [k0, k1, k2, k3] = [0, 4, 8, 12].map((at) => keys.getInt32(at, true)) as [number, number, number, number];
  const whole = bytes.length & ~15;
  for (let at = 0; at < whole; at += 16) {
    to.setInt32(at, from.getInt32(at, true) ^ k0, true);
    to.setInt32(at + 4, from.getInt32(at + 4, true) ^ k1, true);
    to.setInt32(at + 8, from.getInt32(at + 8, true) ^ k2, true);
    to.setInt32(at + 12, from.getInt32(at + 12, true) ^ k3, true);
  }
  for (let i = whole; i < bytes.length; i++) into[i] = (bytes[i] as number) ^ (pad[i & 15] as number);
}
