/**
 * The order of signals of one connection, the same for every adapter: one offer one way, one answer the other way,
 * candidates after the description that they belong to, and then nothing new. Another connection is another peer.
 *
 * G1 An offerer takes one answer, an answerer one offer; a second or a wrong one is a fault.
 * G2 At most `MAX_CANDIDATES` each way. More of a peer's are a fault, more of one's own stay untold.
 * G3 Candidates that come before the description wait for it.
 * G4 Own candidates wait too: an answerer's for its answer, an offerer's until the answer has been applied. So an offer
 *    alone tells no address; and nobody begins a handshake with a side that does not know the fingerprint yet.
 */
import { err, ok, type Result } from "@xchat/codec";
import type { DirectSignal } from "@xchat/client/ports";
import { readCandidate, writeCandidate, type Candidate } from "./candidate.ts";
import { readDescription, writeDescription } from "./session-description.ts";

export const MAX_CANDIDATES = 32;
/** The only section's name in every description that is written here. */
export const SECTION = "0";

export type SignalStep =
  | { readonly kind: "describe"; readonly type: "offer" | "answer"; readonly sdp: string }
  | { readonly kind: "candidate"; readonly candidate: string };

export class SignalOrder {
  readonly #expected: "offer" | "answer";
  readonly #waiting: Candidate[] = [];
  readonly #held: DirectSignal[] = [];
  #isDescribed = false;
  #isReleased = false;
  #taken = 0;
  #told = 0;

  constructor(role: "offerer" | "answerer") {
    this.#expected = role === "offerer" ? "answer" : "offer";
  }

  /** What the library is to be told, in order; or the fault for which the connection closes. */
  accept(signal: DirectSignal): Result<readonly SignalStep[], { readonly reason: string }> {
    if (signal.kind === "description") return this.#acceptDescription(signal.type, signal.sdp);
    if (signal.kind === "candidate") return this.#acceptCandidate(signal.candidate);
    return err({ reason: "signal-malformed" });
  }

  /** The library's own description in the form that is sent; a fault is one of the library. */
  describe(type: "offer" | "answer", sdp: string): Result<DirectSignal, { readonly reason: string }> {
    const read = readDescription(type, sdp);
    return read.ok ? ok({ kind: "description", type, sdp: writeDescription(read.value) }) : read;
  }

  /** Own candidates in the form that is sent, as many as may be told now. */
  tell(line: string): readonly DirectSignal[] {
    const read = readCandidate(line);
    if (!read.ok || read.value === null || this.#told >= MAX_CANDIDATES) return [];
    this.#told++;
    this.#held.push({ kind: "candidate", candidate: writeCandidate(read.value), mid: SECTION });
    return this.#isReleased ? this.#held.splice(0) : [];
  }

  /** Both descriptions are in place on this side: what was held back is told now, and the rest at once. */
  release(): readonly DirectSignal[] {
    this.#isReleased = true;
    return this.#held.splice(0);
  }

  #acceptDescription(type: unknown, sdp: unknown): Result<readonly SignalStep[], { readonly reason: string }> {
    if (type !== this.#expected || this.#isDescribed) return err({ reason: "signal-out-of-order" });
    if (typeof sdp !== "string") return err({ reason: "signal-malformed" });
    const read = readDescription(this.#expected, sdp);
    if (!read.ok) return read;
    this.#isDescribed = true;
    const waiting = this.#waiting.splice(0).map(candidateStep);
    return ok([{ kind: "describe", type: this.#expected, sdp: writeDescription(read.value) }, ...waiting]);
  }

  #acceptCandidate(line: unknown): Result<readonly SignalStep[], { readonly reason: string }> {
    if (typeof line !== "string") return err({ reason: "signal-malformed" });
    if (this.#taken >= MAX_CANDIDATES) return err({ reason: "too-many-candidates" });
    this.#taken++;
    const read = readCandidate(line);
    if (!read.ok) return read;
    if (read.value === null) return ok([]);
    if (this.#isDescribed) return ok([candidateStep(read.value)]);
    this.#waiting.push(read.value);
    return ok([]);
  }
}

const candidateStep = (candidate: Candidate): SignalStep => ({
  kind: "candidate",
  candidate: writeCandidate(candidate),
});
