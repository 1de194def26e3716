/**
 * Runs a link on the device that is in the account already (spec/devices.md, section 5): the machine of
 * `@xchat/protocol` decides, this brings its frames to the nodes, its questions to the person, and its chain to the store.
 *
 * EL1 The longer chain is saved before the grant leaves (DV10); a save that fails ends the link with nothing granted.
 * EL2 All of it is in memory: a crash ends it, and what the chain lists by then is shown as not finished.
 */
import { equalBytes } from "@xchat/codec";
import {
  encodeLinkCode,
  existingLinkStep,
  LINK_DIGIT_TRIES,
  startExistingLink,
  type ExistingLink,
  type ExistingLinkEffect,
  type ExistingLinkInput,
  type Newcomer,
  type NodeHint,
} from "@xchat/protocol";
import { IntentError, type LinkView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import type { Timer } from "../ports.ts";
import { LinkMeeting, type MeetingDeps } from "./link-meeting.ts";

export interface ExistingLinkHost extends MeetingDeps {
  account(): { readonly chain: Uint8Array; readonly deviceSeed: Uint8Array; readonly name: string };
  /** At most three, where the two will meet. */
  readonly nodes: readonly NodeHint[];
  /** Saves the longer chain if the account's is still `before`. Resolves with the account's chain as it is then. */
  saveChain(before: Uint8Array, longer: Uint8Array): Promise<Uint8Array>;
  /** Adds the device to the self-conversation; resolves with its Welcome when nothing can undo the addition any more. */
  welcomeDevice(deviceKey: Uint8Array, keyPackage: Uint8Array): Promise<Newcomer>;
  /** It has joined. */
  linked(device: { readonly deviceKey: Uint8Array; readonly deviceName: string }): Promise<void>;
  onChange(): void;
}

export class ExistingLinkDriver {
  readonly #host: ExistingLinkHost;
  readonly #lane = new Lane();
  readonly #meeting: LinkMeeting;
  #machine: ExistingLink;
  #view: LinkView;
  #deviceName = "";
  #timer: Timer | null = null;

  private constructor(host: ExistingLinkHost, machine: ExistingLink, expiresAt: number) {
    this.#host = host;
    this.#machine = machine;
    this.#view = { kind: "code", code: encodeLinkCode(machine.code), expiresAt };
    this.#meeting = new LinkMeeting(host, (frame) => this.#input({ kind: "frame", frame }));
  }

  /** @throws IntentError when this device may not, or the account has no room. */
  static async start(host: ExistingLinkHost): Promise<ExistingLinkDriver> {
    if (host.nodes.length === 0) throw new IntentError("node-unreachable");
    const { chain, deviceSeed, name } = host.account();
    const environment = { provider: host.provider, now: host.clock.now(), deviceSeed };
    const started = await startExistingLink(environment, { chain, name, nodes: host.nodes });
    if (!started.ok)
      throw new IntentError(START_ERRORS[started.error.reason as keyof typeof START_ERRORS] ?? "internal");
    const { state, effects, wakeAt } = started.value;
    const driver = new ExistingLinkDriver(host, state, wakeAt ?? host.clock.now());
    await driver.#meeting.open(state.code.secret, state.code.nodes);
    driver.#carryOut(effects);
    driver.#wakeAt(wakeAt);
    return driver;
  }

  view(): LinkView {
    return this.#view;
  }

  get isOver(): boolean {
    return this.#view.kind === "added" || this.#view.kind === "ended";
  }

  typeDigits(typed: string): Promise<void> {
    return this.#step({ kind: "digits", typed });
  }

  deny(): Promise<void> {
    return this.#step({ kind: "deny" });
  }

  cancel(): Promise<void> {
    return this.#step({ kind: "cancel" });
  }

  /** Another device has changed the account's chain (DV10). */
  chainChanged(): void {
    // By this very link: what comes of it is said when the save is through.
    if (this.#machine.phase.kind === "saving") return;
    this.#input({ kind: "chain-changed", chain: this.#host.account().chain });
  }

  /** With the session: what lies in memory is gone. */
  async close(): Promise<void> {
    if (!this.isOver) await this.cancel();
    this.#timer?.cancel();
    this.#meeting.close();
  }

  // ---- below

  #input(input: ExistingLinkInput): void {
    this.#host.background.run(this.#step(input));
  }

  #step(input: ExistingLinkInput): Promise<void> {
    return this.#lane.run(async () => {
      const { provider, clock, account } = this.#host;
      const environment = { provider, now: clock.now(), deviceSeed: account().deviceSeed };
      const { state, effects, wakeAt } = await existingLinkStep(this.#machine, input, environment);
      const before = this.#machine.phase.kind;
      this.#machine = state;
      this.#carryOut(effects);
      if (before !== state.phase.kind) this.#showPhase();
      this.#wakeAt(wakeAt);
    });
  }

  #carryOut(effects: readonly ExistingLinkEffect[]): void {
    for (const effect of effects) this.#carryOutOne(effect);
  }

  #carryOutOne(effect: ExistingLinkEffect): void {
    const { background } = this.#host;
    switch (effect.kind) {
      case "send":
        return this.#meeting.send(effect.frame);
      case "ask-person":
        this.#deviceName = effect.deviceName;
        return this.#show({ kind: "digits", deviceName: effect.deviceName, triesLeft: LINK_DIGIT_TRIES });
      case "digits-wrong":
        return this.#show({ kind: "digits", deviceName: this.#deviceName, triesLeft: effect.triesLeft });
      case "save-chain":
        return background.run(this.#save(effect.chain), () => this.#input({ kind: "cancel" }));
      case "welcome-device":
        return background.run(this.#welcome(effect), () => this.#input({ kind: "cancel" }));
      case "linked":
        this.#meeting.leave();
        return background.run(
          this.#host.linked(effect).finally(() => this.#show({ kind: "added", deviceName: effect.deviceName })),
        );
      case "ended":
        this.#meeting.leave();
        return this.#show({
          kind: "ended",
          side: "existing",
          reason: effect.reason,
          isListed: effect.listed !== null,
          deviceName: this.#deviceName,
        });
    }
  }

  /** EL1. */
  async #save(longer: Uint8Array): Promise<void> {
    const chain = await this.#host.saveChain(this.#machine.chain, longer);
    this.#input(equalBytes(chain, longer) ? { kind: "chain-saved" } : { kind: "chain-changed", chain });
  }

  async #welcome({ deviceKey, keyPackage }: Extract<ExistingLinkEffect, { kind: "welcome-device" }>): Promise<void> {
    this.#input({ kind: "welcome", newcomer: await this.#host.welcomeDevice(deviceKey, keyPackage) });
  }

  #showPhase(): void {
    const deviceName = this.#deviceName;
    switch (this.#machine.phase.kind) {
      case "drafted":
      case "saving":
        return this.#show({ kind: "confirming", deviceName });
      case "granted":
      case "welcoming":
      case "welcomed":
        return this.#show({ kind: "adding", deviceName });
      default:
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

const START_ERRORS = {
  "too-many-devices": "device-too-many",
  "chain-too-long": "device-chain-full",
  "device-not-listed": "device-removed",
} as const;
