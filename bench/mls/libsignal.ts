/**
 * A session of libsignal (PQXDH, triple ratchet), its stores in memory. For comparison only: its licence keeps it out of
 * what ships.
 */
import {
  Direction,
  IdentityChange,
  IdentityKeyPair,
  IdentityKeyStore,
  KEMKeyPair,
  KyberPreKeyRecord,
  KyberPreKeyStore,
  PreKeyBundle,
  PreKeyRecord,
  PreKeyStore,
  PrivateKey,
  processPreKeyBundle,
  ProtocolAddress,
  SessionRecord,
  SessionStore,
  signalDecrypt,
  signalDecryptPreKey,
  signalEncrypt,
  SignalMessage,
  PreKeySignalMessage,
  SignedPreKeyRecord,
  SignedPreKeyStore,
  type PublicKey,
} from "@signalapp/libsignal-client";
import type { Lane } from "./lane.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const REGISTRATION = 5;

export async function libsignalLane(): Promise<Lane> {
  const [alice, bob] = [
    new Side("00000000-0000-0000-0000-00000000000a"),
    new Side("00000000-0000-0000-0000-00000000000b"),
  ];
  await processPreKeyBundle(await bob.bundle(), bob.address, alice.address, alice.sessions, alice.identities);
  const first = await signalEncrypt(new Uint8Array(1), bob.address, alice.address, alice.sessions, alice.identities);
  await signalDecryptPreKey(
    PreKeySignalMessage.deserialize(first.serialize()),
    alice.address,
    bob.address,
    bob.sessions,
    bob.identities,
    bob.preKeys,
    bob.signedPreKeys,
    bob.kyberPreKeys,
  );
  // Its answer ends the handshake: from then on alice's messages are plain ones.
  const answer = await signalEncrypt(new Uint8Array(1), alice.address, bob.address, bob.sessions, bob.identities);
  const read = SignalMessage.deserialize(answer.serialize());
  await signalDecrypt(read, bob.address, alice.address, alice.sessions, alice.identities);
  return {
    seal: async (plaintext) => {
      const sealed = await signalEncrypt(
        plaintext as Bytes,
        bob.address,
        alice.address,
        alice.sessions,
        alice.identities,
      );
      return sealed.serialize();
    },
    open: (message) =>
      signalDecrypt(
        SignalMessage.deserialize(message as Bytes),
        alice.address,
        bob.address,
        bob.sessions,
        bob.identities,
      ),
  };
}

class Side {
  readonly address: ProtocolAddress;
  readonly identity = IdentityKeyPair.generate();
  readonly sessions = new Sessions();
  readonly preKeys = new PreKeys();
  readonly signedPreKeys = new SignedPreKeys();
  readonly kyberPreKeys = new KyberPreKeys();
  readonly identities = new Identities(this.identity.privateKey);

  constructor(id: string) {
    this.address = ProtocolAddress.new(id, 1);
  }

  async bundle(): Promise<PreKeyBundle> {
    const [preKey, signedPreKey, kyber] = [PrivateKey.generate(), PrivateKey.generate(), KEMKeyPair.generate()];
    const { privateKey, publicKey } = this.identity;
    const signature = privateKey.sign(signedPreKey.getPublicKey().serialize());
    const kyberSignature = privateKey.sign(kyber.getPublicKey().serialize());
    const now = Date.now();
    await this.preKeys.savePreKey(1, PreKeyRecord.new(1, preKey.getPublicKey(), preKey));
    const signed = SignedPreKeyRecord.new(2, now, signedPreKey.getPublicKey(), signedPreKey, signature);
    await this.signedPreKeys.saveSignedPreKey(2, signed);
    await this.kyberPreKeys.saveKyberPreKey(3, KyberPreKeyRecord.new(3, now, kyber, kyberSignature));
    return PreKeyBundle.new(
      REGISTRATION,
      1,
      1,
      preKey.getPublicKey(),
      2,
      signedPreKey.getPublicKey(),
      signature,
      publicKey,
      3,
      kyber.getPublicKey(),
      kyberSignature,
    );
  }
}

/** Records are kept as bytes, as every real store would. */
class Sessions extends SessionStore {
  readonly #records = new Map<string, Bytes>();

  override async saveSession(name: ProtocolAddress, record: SessionRecord): Promise<void> {
    this.#records.set(name.toString(), record.serialize());
  }

  override async getSession(name: ProtocolAddress): Promise<SessionRecord | null> {
    const record = this.#records.get(name.toString());
    return record === undefined ? null : SessionRecord.deserialize(record);
  }

  override async getExistingSessions(addresses: ProtocolAddress[]): Promise<SessionRecord[]> {
    const sessions = await Promise.all(addresses.map((address) => this.getSession(address)));
    return sessions.filter((session) => session !== null);
  }
}

class Identities extends IdentityKeyStore {
  readonly #own: PrivateKey;
  readonly #known = new Map<string, PublicKey>();

  constructor(own: PrivateKey) {
    super();
    this.#own = own;
  }

  override async getIdentityKey(): Promise<PrivateKey> {
    return this.#own;
  }

  override async getLocalRegistrationId(): Promise<number> {
    return REGISTRATION;
  }

  override async saveIdentity(name: ProtocolAddress, key: PublicKey): Promise<IdentityChange> {
    this.#known.set(name.toString(), key);
    return IdentityChange.NewOrUnchanged;
  }

  override async isTrustedIdentity(_name: ProtocolAddress, _key: PublicKey, _direction: Direction): Promise<boolean> {
    return true;
  }

  override async getIdentity(name: ProtocolAddress): Promise<PublicKey | null> {
    return this.#known.get(name.toString()) ?? null;
  }
}

function held<T>(records: ReadonlyMap<number, T>, id: number): T {
  const record = records.get(id);
  if (record === undefined) throw new Error(`no key ${id}`);
  return record;
}

class PreKeys extends PreKeyStore {
  readonly #records = new Map<number, PreKeyRecord>();

  override async savePreKey(id: number, record: PreKeyRecord): Promise<void> {
    this.#records.set(id, record);
  }

  override async getPreKey(id: number): Promise<PreKeyRecord> {
    return held(this.#records, id);
  }

  override async removePreKey(id: number): Promise<void> {
    this.#records.delete(id);
  }
}

class SignedPreKeys extends SignedPreKeyStore {
  readonly #records = new Map<number, SignedPreKeyRecord>();

  override async saveSignedPreKey(id: number, record: SignedPreKeyRecord): Promise<void> {
    this.#records.set(id, record);
  }

  override async getSignedPreKey(id: number): Promise<SignedPreKeyRecord> {
    return held(this.#records, id);
  }
}

class KyberPreKeys extends KyberPreKeyStore {
  readonly #records = new Map<number, KyberPreKeyRecord>();

  override async saveKyberPreKey(id: number, record: KyberPreKeyRecord): Promise<void> {
    this.#records.set(id, record);
  }

  override async getKyberPreKey(id: number): Promise<KyberPreKeyRecord> {
    return held(this.#records, id);
  }

  override async markKyberPreKeyUsed(): Promise<void> {}
}
