/** What follows from the seed of a link (GL2), as key pairs. Made once for each link: it is asked for at every look. */
import type { CryptoProvider } from "@xchat/crypto";
import { groupCardKeys, groupLinkKeys, type Hex } from "@xchat/protocol";
import type { MailboxKey } from "../ports.ts";

export interface LinkKeys {
  readonly secret: Uint8Array;
  readonly inbox: MailboxKey;
  readonly requestSeed: Uint8Array;
  readonly requestKey: Uint8Array;
  /** Where the card lies, and whose place it is. */
  readonly place: Uint8Array;
  readonly owner: MailboxKey;
}

/** Of sixteen links in each of sixty groups. */
const MAX_KNOWN = 1_024;

export class LinkKeyring {
  readonly #provider: CryptoProvider;
  readonly #known = new Map<Hex, Promise<LinkKeys>>();

  constructor(provider: CryptoProvider) {
    this.#provider = provider;
  }

  of(seed: Hex): Promise<LinkKeys> {
    const known = this.#known.get(seed);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const made = this.#make(seed);
    this.#known.set(seed, made);
    return made;
  }

  async #make(seed: Hex): Promise<LinkKeys> {
    const provider = this.#provider;
    const { secret, inboxSeed, requestSeed, ownerSeed } = groupLinkKeys(provider, seed);
    return {
      secret,
      inbox: await mailboxOf(provider, inboxSeed),
      requestSeed,
      requestKey: (await provider.xwingKeyPair(requestSeed)).publicKey,
      place: groupCardKeys(provider, secret).place,
      owner: await mailboxOf(provider, ownerSeed),
    };
  }
}

export async function mailboxOf(provider: CryptoProvider, seed: Uint8Array): Promise<MailboxKey> {
  return { seed, publicKey: (await provider.ed25519KeyPair(seed)).publicKey };
}
