/** Direct connections of a simulated world: two ends that find each other by the token in the offer. */
import type { DirectPeer, DirectTransport } from "@xchat/client/ports";
import type { Boot } from "./boot.ts";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";

type PeerInput = Parameters<DirectTransport["createPeer"]>[0];

interface End {
  readonly boot: Boot;
  readonly input: PeerInput;
  other: End | null;
  isOpen: boolean;
  clearAt: number;
}

export interface DirectInput {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly onWire: (device: string, bytes: Uint8Array) => void;
  readonly onDelivered: (device: string, bytes: Uint8Array) => void;
}

const LATENCY = [5, 120] as const;

export class DirectNetwork {
  readonly #input: DirectInput;
  readonly #ends = new Map<string, End>();
  #made = 0;
  /** Whether the networks of the devices let such connections through at all. */
  isPossible = true;

  constructor(input: DirectInput) {
    this.#input = input;
  }

  transport(device: string, boot: Boot): DirectTransport {
    return { createPeer: (input) => this.#createPeer(device, boot, input) };
  }

  /** Every connection there is ends, as when somebody walks out of the house. */
  breakAll(): void {
    for (const end of this.#ends.values()) this.#close(end);
  }

  #createPeer(device: string, boot: Boot, input: PeerInput): DirectPeer {
    const { schedule, onWire, onDelivered } = this.#input;
    const end: End = { boot, input, other: null, isOpen: false, clearAt: 0 };
    const token = `sim-${this.#made++}`;
    this.#ends.set(token, end);
    if (input.role === "offerer")
      this.#tell(end, () => input.onSignal({ kind: "description", type: "offer", sdp: token }));
    return {
      acceptSignal: (signal) => {
        const other = signal.kind === "description" ? this.#ends.get(signal.sdp) : undefined;
        if (other === undefined || signal.kind !== "description" || !this.isPossible) return;
        end.other = other;
        if (signal.type === "offer") {
          this.#tell(end, () => input.onSignal({ kind: "description", type: "answer", sdp: token }));
        } else if (other.other === end) {
          for (const one of [end, other]) this.#open(one);
        }
      },
      send: (message) => {
        const { other } = end;
        if (!end.isOpen || other === null || !boot.effect()) return false;
        onWire(device, message);
        end.clearAt = Math.max(end.clearAt, schedule.now + this.#input.random.between(...LATENCY));
        schedule.after(end.clearAt - schedule.now, () => {
          if (!other.isOpen || !other.boot.effect()) return;
          onDelivered(device, message);
          other.input.onMessage(message);
        });
        return true;
      },
      close: () => this.#close(end),
    };
  }

  #open(end: End): void {
    this.#tell(end, () => {
      if (end.other === null) return;
      end.isOpen = true;
      end.input.onState("open");
    });
  }

  #close(end: End): void {
    const { other } = end;
    end.other = null;
    if (end.isOpen) this.#tell(end, () => end.input.onState("closed"));
    end.isOpen = false;
    if (other?.other === end) this.#close(other);
  }

  #tell(end: End, call: () => void): void {
    const { schedule, random } = this.#input;
    schedule.after(random.between(...LATENCY), () => end.boot.isAlive && call());
  }
}
