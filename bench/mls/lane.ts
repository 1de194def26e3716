/** One way of sealing messages from one person to another, and how fast it goes. */
export interface Lane {
  seal(plaintext: Uint8Array): Promise<Uint8Array>;
  /** The plaintext; a rejection when it does not open. */
  open(message: Uint8Array): Promise<Uint8Array>;
}

export interface LaneFigures {
  readonly sealPerSecond: number;
  readonly openPerSecond: number;
}

const MESSAGE_BYTES = 1024;

/**
 * Rounds of so many messages, one at a time: all sealed, then all opened in order, then each plaintext compared. The
 * first round warms up; of the others, the median counts.
 */
export async function measureLane(
  lane: Lane,
  size: { readonly rounds: number; readonly count: number },
): Promise<LaneFigures> {
  const sealRates: number[] = [];
  const openRates: number[] = [];
  for (let round = 0; round <= size.rounds; round++) {
    const plaintexts = Array.from({ length: size.count }, () => crypto.getRandomValues(new Uint8Array(MESSAGE_BYTES)));
    const messages: Uint8Array[] = [];
    const sealing = performance.now();
    for (const plaintext of plaintexts) messages.push(await lane.seal(plaintext));
    const opening = performance.now();
    const opened: Uint8Array[] = [];
    for (const message of messages) opened.push(await lane.open(message));
    const done = performance.now();
    for (const [i, plaintext] of plaintexts.entries()) expectSame(plaintext, opened[i]);
    if (round === 0) continue;
    sealRates.push((size.count * 1000) / (opening - sealing));
    openRates.push((size.count * 1000) / (done - opening));
  }
  return { sealPerSecond: median(sealRates), openPerSecond: median(openRates) };
}

function expectSame(plaintext: Uint8Array, opened: Uint8Array | undefined): void {
  const isSame = opened?.length === plaintext.length && plaintext.every((byte, i) => byte === opened[i]);
  if (!isSame) throw new Error("a message came out as something else");
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
