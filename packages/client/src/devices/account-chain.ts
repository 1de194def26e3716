/**
 * The account's own chain, as this device holds it: read once for each change, and changed by one step at a time.
 *
 * AC1 A chain is replaced only by one that was made on top of it, or that goes on from it by ID11.
 */
import { bytesToHex, equalBytes, expectOk } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { extendIdentity, extendsChain, isListedDevice, lastSigner, verifyChain, type Identity } from "@xchat/protocol";
import { IntentError } from "../api.ts";
import type { Lane } from "../base/lane.ts";
import type { Profile } from "../base/profile.ts";
import type { SessionCore } from "../session-core.ts";

export interface AccountChainHost {
  setProfile(part: Partial<Profile>): Promise<void>;
  /** After it was saved. `hasOtherWords`: its recovery key is another one. */
  onChange(hasOtherWords: boolean): void;
}

export class AccountChain {
  readonly #core: SessionCore;
  readonly #host: AccountChainHost;
  readonly #lane: Lane;
  #identity: Identity | null = null;
  #changedBy: string | null = null;
  #ownKey = new Uint8Array(0) as Uint8Array;

  constructor(core: SessionCore, lane: Lane, host: AccountChainHost) {
    this.#core = core;
    this.#lane = lane;
    this.#host = host;
  }

  async load(): Promise<void> {
    const { provider, profile } = this.#core;
    this.#ownKey = (await provider.ed25519KeyPair(profile().deviceSeed)).publicKey;
    await this.#read(provider, profile().chain);
  }

  get identity(): Identity {
    if (this.#identity === null) throw new Error("the chain has not been read");
    return this.#identity;
  }

  /** Hex of the key under which this device is listed, or was. */
  get ownDevice(): string {
    return bytesToHex(this.#ownKey);
  }

  /** Hex of the device that signed the last operation; null for the recovery key. */
  get changedBy(): string | null {
    return this.#changedBy;
  }

  get isRemoved(): boolean {
    return !isListedDevice(this.identity, this.#ownKey);
  }

  /** Nothing that was shown or asked for is still to be done. */
  idle(): Promise<void> {
    return this.#lane.idle();
  }

  /** DV10: if the chain is still `before`. Answers with the chain as it is then. */
  replace(before: Uint8Array, longer: Uint8Array): Promise<Uint8Array> {
    return this.#lane.run(async () => {
      if (equalBytes(this.#core.profile().chain, before)) await this.#save(longer);
      return this.#core.profile().chain;
    });
  }

  /** A chain of this account that a sibling has shown. False when it says nothing new, or speaks against this one. */
  learn(chain: Uint8Array): Promise<boolean> {
    return this.#lane.run(async () => {
      const { provider, profile } = this.#core;
      const extension = extendsChain(profile().chain, chain);
      if (!extension.ok || extension.value === "same") return false;
      const verified = await verifyChain(provider, chain);
      if (!verified.ok || verified.value.accountId !== this.identity.accountId) return false;
      await this.#save(chain);
      return true;
    });
  }

  /** The profile holds another chain than before: the recovery key has signed one. */
  reload(): Promise<void> {
    return this.#lane.run(async () => {
      const before = this.identity.recoveryKey;
      await this.#read(this.#core.provider, this.#core.profile().chain);
      this.#host.onChange(!equalBytes(before, this.identity.recoveryKey));
    });
  }

  /** @throws IntentError when the chain does not allow it. */
  removeDevice(deviceKey: Uint8Array): Promise<void> {
    return this.#lane.run(async () => {
      const { provider, clock, profile } = this.#core;
      const { chain, deviceSeed } = profile();
      if (!isListedDevice(this.identity, deviceKey)) throw new IntentError("device-missing");
      if (equalBytes(deviceKey, this.#ownKey)) throw new IntentError("device-is-this");
      const longer = await extendIdentity(provider, chain, {
        action: { kind: "remove-device", by: this.#ownKey, deviceKey },
        seeds: [deviceSeed],
        now: clock.now(),
      });
      if (!longer.ok) {
        const { reason } = longer.error;
        throw new IntentError(reason === "chain-too-long" ? "device-chain-full" : "device-removed", longer.error);
      }
      await this.#save(longer.value);
    });
  }

  async #save(chain: Uint8Array): Promise<void> {
    const before = this.identity.recoveryKey;
    await this.#host.setProfile({ chain });
    await this.#read(this.#core.provider, chain);
    this.#host.onChange(!equalBytes(before, this.identity.recoveryKey));
  }

  async #read(provider: CryptoProvider, chain: Uint8Array): Promise<void> {
    this.#identity = expectOk(await verifyChain(provider, chain), "chain");
    this.#changedBy = lastSigner(chain);
  }
}
