/** Two devices whose registers are kept in step over a channel that a test can hold up, lose and crash. */
import { hexToBytes, expectOk } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { listRegister, readRegister, writeRegister, type SyncOperation, type SyncState } from "@xchat/protocol";
import { describe, expect, it } from "vitest";
import type { PartRecord, StoreChange } from "../ports.ts";
import { Background } from "../base/background.ts";
import { RegisterMirror, type LocalState } from "./register-mirror.ts";
import type { RegisterId } from "./register-parts.ts";
import { RegisterSync, type SyncBody, type SyncStamp } from "./register-sync.ts";

const provider = nodeCryptoProvider();
const conversation = provider.sha256(new Uint8Array([1]));
const chat = { conversation };
const hash = (n: number): string => n.toString(16).padStart(64, "0");

interface Event {
  readonly body: SyncBody;
  readonly stamp: SyncStamp;
}

/** A device with its part of the store. What it says is handed to the others by `deliver`. */
class Device {
  readonly parts = new Map<string, PartRecord>();
  readonly said: Event[] = [];
  readonly author: string;
  depth = 0;
  isStoreFull = false;
  news = 0;
  sync: RegisterSync;

  constructor(author: string, isSettled: boolean) {
    this.author = author;
    this.sync = this.#open(isSettled);
    this.save([this.sync.beginning()]);
  }

  #open(isSettled: boolean): RegisterSync {
    const deps = { provider, now: () => 1, onNews: () => void this.news++, onSupply: () => {} };
    return new RegisterSync(
      deps,
      {
        id: "self",
        append: async (bodies, fold) => {
          const stamps = bodies.map(() => ({ author: this.author, depth: ++this.depth }));
          this.save(fold(stamps));
          bodies.forEach((body, i) => this.said.push({ body, stamp: stamps[i] as SyncStamp }));
        },
      },
      isSettled,
    );
  }

  save(changes: readonly StoreChange[]): void {
    if (this.isStoreFull) throw new Error("store-full");
    for (const change of changes) {
      if ("put" in change && change.put === "part") this.parts.set(change.record.id, change.record);
      if ("delete" in change && change.delete === "part") this.parts.delete(change.key);
    }
  }

  restart(): void {
    this.sync = this.#open(false);
    this.sync.load([...this.parts.values()]);
  }

  hear({ body, stamp }: Event): void {
    this.depth = Math.max(this.depth, stamp.depth);
    const { changes, after } = this.sync.take(body, stamp);
    this.save(changes);
    after();
  }

  async write(...operations: readonly SyncOperation[]): Promise<void> {
    await this.sync.write(operations);
  }
}

const deliver = (from: Device, to: Device, since = 0): void => {
  for (const event of from.said.slice(since)) to.hear(event);
};
const draft = (text: string | null): SyncOperation => writeRegister("draft", chat, text === null ? null : { text });
const draftOf = ({ sync }: Device): string | null => readRegister(sync.state, "draft", chat)?.text ?? null;

const couple = (): { readonly phone: Device; readonly laptop: Device } => ({
  phone: new Device(hash(1), true),
  laptop: new Device(hash(2), true),
});

describe("registers of a person's devices", () => {
  it("[DV22] what one writes the other has, and whoever knew the other write overrules it", async () => {
    const { phone, laptop } = couple();
    await phone.write(draft("from the phone"));
    deliver(phone, laptop);
    await laptop.write(draft("from the laptop"));
    deliver(laptop, phone);
    expect([draftOf(phone), draftOf(laptop)]).toEqual(["from the laptop", "from the laptop"]);
  });

  it("[RS1] after a crash there is what was saved, and nothing of what was not", async () => {
    const { phone } = couple();
    await phone.write(draft("saved"));
    phone.isStoreFull = true;
    await expect(phone.write(draft("lost"))).rejects.toThrow("store-full");
    expect(draftOf(phone)).toBe("saved");
    phone.restart();
    expect(draftOf(phone)).toBe("saved");
    expect(phone.said).toHaveLength(1);
  });

  it("[RS1] what could not be saved when it came is saved when it comes again", async () => {
    const { phone, laptop } = couple();
    await phone.write(draft("hello"));
    laptop.isStoreFull = true;
    expect(() => deliver(phone, laptop)).toThrow("store-full");
    laptop.isStoreFull = false;
    deliver(phone, laptop);
    laptop.restart();
    expect(draftOf(laptop)).toBe("hello");
    expect(laptop.sync.news).toHaveLength(1);
  });

  it("[RS2] [DV28] a newcomer writes nothing before the first snapshot is whole, and then holds what the others have", async () => {
    const phone = new Device(hash(1), true);
    await phone.write(draft("mine"), writeRegister("profile", {}, { name: "Mira", picture: null }));
    const many = Array.from({ length: 300 }, (_, i) =>
      writeRegister("contact-verified", { account: expectOk(hexToBytes(hash(i + 10)), "hash") }, {}),
    );
    await phone.write(...many);
    const newcomer = new Device(hash(2), false);
    await newcomer.write(draft("beginning of my own"));
    expect(newcomer.said).toEqual([]);
    const before = phone.said.length;
    await phone.sync.sendSnapshot();
    const parts = phone.said.slice(before);
    expect(parts.length).toBeGreaterThan(1);
    newcomer.hear(parts[0] as Event);
    expect(newcomer.sync.isSettled).toBe(false);
    newcomer.restart();
    for (const part of parts.slice(1).toReversed()) newcomer.hear(part);
    expect(newcomer.sync.isSettled).toBe(true);
    expect(draftOf(newcomer)).toBe("mine");
    expect(listRegister(newcomer.sync.state, "contact-verified")).toHaveLength(300);
    newcomer.restart();
    expect(newcomer.sync.isSettled).toBe(true);
    expect(draftOf(newcomer)).toBe("mine");
  });

  it("[RS4] rubbish is left out, alone", async () => {
    const { phone, laptop } = couple();
    for (const kind of [16, 17, 18, 99]) {
      laptop.hear({ body: { kind, content: new Uint8Array([1, 2, 3]) }, stamp: { author: hash(1), depth: 5 } });
    }
    await phone.write(draft("fine"));
    deliver(phone, laptop);
    expect(draftOf(laptop)).toBe("fine");
  });
});

/** Drafts by chat, as a device holds them. */
class Drafts implements LocalState {
  text: string | null = "";
  taken = 0;
  facts = async (): Promise<readonly SyncOperation[]> => [draft(this.text === "" ? null : this.text)];
  take = async (_: RegisterId, state: SyncState): Promise<void> => {
    this.taken++;
    this.text = readRegister(state, "draft", chat)?.text ?? "";
  };
}

function mirrored(device: Device): { readonly local: Drafts; readonly mirror: RegisterMirror } {
  const local = new Drafts();
  const clock = { now: () => 1, after: () => ({ cancel: () => {} }) };
  const mirror = new RegisterMirror({
    clock,
    background: new Background(),
    sync: device.sync,
    local,
    save: async (changes) => device.save(changes),
  });
  return { local, mirror };
}

describe("what a device holds and its registers", () => {
  it("go both ways, and come to rest", async () => {
    const { phone, laptop } = couple();
    const [here, there] = [mirrored(phone), mirrored(laptop)];
    here.local.text = "typed on the phone";
    await here.mirror.run();
    deliver(phone, laptop);
    await there.mirror.run();
    expect(there.local.text).toBe("typed on the phone");
    const [said, saidThere] = [phone.said.length, laptop.said.length];
    await here.mirror.run();
    await there.mirror.run();
    expect([phone.said.length, laptop.said.length]).toEqual([said, saidThere]);
    there.local.text = "";
    await there.mirror.run();
    deliver(laptop, phone);
    await here.mirror.run();
    expect(here.local.text).toBe("");
  });

  it("[RM1] news that a crash kept from being taken over is taken over after it, and not undone", async () => {
    const { phone, laptop } = couple();
    await phone.write(draft("from the phone"));
    deliver(phone, laptop);
    laptop.restart();
    const { local, mirror } = mirrored(laptop);
    await mirror.run();
    expect(local.text).toBe("from the phone");
    expect(laptop.said).toEqual([]);
    laptop.restart();
    expect(laptop.sync.news).toEqual([]);
  });

  it("[RM1] what was typed before a crash and not written is written after it", async () => {
    const { phone } = couple();
    phone.restart();
    const { local, mirror } = mirrored(phone);
    local.text = "typed, then the battery was empty";
    await mirror.run();
    expect(draftOf(phone)).toBe("typed, then the battery was empty");
  });

  it("[DV23] a register that only grows is not written back", async () => {
    const { phone } = couple();
    const place = (depth: number): SyncOperation => writeRegister("read", chat, { depth, id: conversation });
    await phone.write(place(7));
    const { mirror, local } = mirrored(phone);
    local.facts = async () => [place(3)];
    await mirror.run();
    expect(phone.said).toHaveLength(1);
  });
});
