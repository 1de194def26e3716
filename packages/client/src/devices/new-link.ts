/**
 * Runs a link on the device that is in no account yet (spec/devices.md, section 6). It has no store before it is granted
 * one: until then everything is in memory, and giving up leaves nothing behind.
 *
 * NL1 Chain and device key are saved before it asks to be let in (DV13).
 * NL2 What it was given is taken away again when the link ends before it was let in: a device that is listed and in no
 *     conversation could never be let in later, since its key package is gone.
 */
import {
  newLinkStep,
  startNewLink,
  type LinkCode,
  type NewLink,
  type NewLinkEffect,
  type NewLinkInput,
  type Newcomer,
} from "@xchat/protocol";
import type { LinkView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import type { Timer } from "../ports.ts";
import { LinkMeeting, type MeetingDeps } from "./link-meeting.ts";

export interface NewLinkHost extends MeetingDeps {
  /** Under it will this device be listed; 32 bytes, made for this link. */
  readonly deviceSeed: Uint8Array;
  readonly deviceName: string;
  /** Makes the store, and the profile in it. The name is the person's, as the existing device gives it. */
  saveIdentity(chain: Uint8Array, person: { readonly accountId: string; readonly name: string }): Promise<void>;
  makeKeyPackage(): Promise<Uint8Array>;
  /** Joins the self-conversation and saves it. False when it is not one of this account alone. */
  join(newcomer: Newcomer): Promise<boolean>;
  linked(): Promise<void>;
  /** Takes away what was saved (NL2). */
  abandon(): Promise<void>;
  onChange(): void;
}

export class NewLinkDriver {
  readonly #host: NewLinkHost;
  readonly #lane = new Lane();
  readonly #meeting: LinkMeeting;
  #machine: NewLink;
  #view: LinkView;
  #person = { accountId: "", name: "" };
  #timer: Timer | null = null;

  constructor(host: NewLinkHost, code: LinkCode) {
    this.#host = host;
    const { state, wakeAt } = startNewLink(code, { deviceName: host.deviceName, now: host.clock.now() });
    this.#machine = state;
    this.#view = { kind: "meeting", nodes: code.nodes.map(({ address }) => address) };
    this.#meeting = new LinkMeeting(host, (frame) => this.#input({ kind: "frame", frame }));
    this.#wakeAt(wakeAt);
  }

  open(): Promise<void> {
    const { secret, nodes } = this.#machine.code;
    return this.#meeting.open(secret, nodes);
  }

  view(): LinkView {
    return this.#view;
  }

  get isOver(): boolean {
    return this.#view.kind === "joined" || this.#view.kind === "ended";
  }

  accept(): Promise<void> {
    return this.#step({ kind: "accept-account" });
  }

  cancel(): Promise<void> {
    return this.#step({ kind: "cancel" });
  }

  async close(): Promise<void> {
    if (!this.isOver) await this.cancel();
    this.#timer?.cancel();
    this.#meeting.close();
  }

  // ---- below

  #input(input: NewLinkInput): void {
    this.#host.background.run(this.#step(input));
  }

  #step(input: NewLinkInput): Promise<void> {
    return this.#lane.run(async () => {
      const { provider, clock, deviceSeed } = this.#host;
      const environment = { provider, now: clock.now(), deviceSeed };
      const { state, effects, wakeAt } = await newLinkStep(this.#machine, input, environment);
      const before = this.#machine.phase.kind;
      this.#machine = state;
      for (const effect of effects) this.#carryOut(effect);
      if (before !== "signed" && state.phase.kind === "signed") this.#show({ kind: "joining" });
      this.#wakeAt(wakeAt);
    });
  }

  #carryOut(effect: NewLinkEffect): void {
    const { background } = this.#host;
    const giveUp = (): void => this.#input({ kind: "cancel" });
    switch (effect.kind) {
      case "send":
        return this.#meeting.send(effect.frame);
      case "show-digits":
        return this.#show({ kind: "showing", digits: effect.digits });
      case "confirm-account":
        this.#person = effect;
        return this.#show({ kind: "asking", accountId: effect.accountId, name: effect.name });
      case "save-identity":
        return background.run(this.#save(effect.chain), giveUp);
      case "make-key-package":
        return background.run(this.#pack(), giveUp);
      case "join":
        return background.run(this.#join(effect.newcomer), giveUp);
      case "linked":
        this.#meeting.leave();
        return background.run(this.#host.linked().finally(() => this.#show({ kind: "joined" })));
      case "ended":
        this.#meeting.leave();
        return background.run(this.#end(effect));
    }
  }

  async #save(chain: Uint8Array): Promise<void> {
    await this.#host.saveIdentity(chain, this.#person);
    this.#input({ kind: "identity-saved" });
  }

  async #pack(): Promise<void> {
    this.#input({ kind: "key-package", keyPackage: await this.#host.makeKeyPackage() });
  }

  async #join(newcomer: Newcomer): Promise<void> {
    this.#input((await this.#host.join(newcomer)) ? { kind: "joined" } : { kind: "cancel" });
  }

  async #end({ reason, isListed }: Extract<NewLinkEffect, { kind: "ended" }>): Promise<void> {
    try {
      await this.#host.abandon();
    } finally {
      const { deviceName } = this.#host;
      this.#show({ kind: "ended", side: "new", reason, isListed, deviceName });
    }
  }

  #show(view: LinkView): void {
    this.#view = view;
    this.#host.onChange();
  }

  #wakeAt(at: number | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (at === null) return;
    const { clock } = this.#host;
    this.#timer = clock.after(Math.max(0, at - clock.now()), () => this.#input({ kind: "tick" }));
  }
}
