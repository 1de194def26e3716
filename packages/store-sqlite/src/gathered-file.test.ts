/** Against a plain file: whatever is asked, the two say the same; and after a sync the disk has it all. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryFile } from "./disk.memory.ts";
import { DiskError, type DiskFile } from "./disk.ts";
import { GatheredFile } from "./gathered-file.ts";

const LARGE = 300_000;

/** Counts what reaches it, and has no room while it is told so. */
class WatchedFile extends MemoryFile implements Omit<DiskFile, "size"> {
  writes = 0;
  isFull = false;

  override write(from: Uint8Array, offset: number): void {
    if (this.isFull) throw new DiskError("full");
    this.writes++;
    super.write(from, offset);
  }

  sync(): void {}
  close(): void {}
}

function gathered(): { readonly under: WatchedFile; readonly file: GatheredFile } {
  const under = new WatchedFile();
  const file: DiskFile = {
    read: (into, offset) => under.read(into, offset),
    write: (from, offset) => under.write(from, offset),
    truncate: (size) => under.truncate(size),
    sync: () => under.sync(),
    size: () => under.size,
    close: () => under.close(),
  };
  return { under, file: new GatheredFile(file) };
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

const calls = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("write"),
      at: fc.nat(60),
      length: fc.integer({ min: 1, max: 20 }),
      value: fc.integer({ min: 1, max: 255 }),
    }),
    // As a log is written: each behind the one before.
    fc.record({
      kind: fc.constant("append"),
      at: fc.nat(0),
      length: fc.integer({ min: 1, max: 20 }),
      value: fc.integer({ min: 1, max: 255 }),
    }),
    fc.record({ kind: fc.constantFrom("read", "truncate"), at: fc.nat(60), length: fc.nat(30), value: fc.nat(0) }),
    fc.record({ kind: fc.constant("sync"), at: fc.nat(0), length: fc.nat(0), value: fc.nat(0) }),
  ),
  { maxLength: 60 },
);

describe("a file whose writes are gathered", () => {
  it("reads as a plain one, and is one after a sync", () => {
    fc.assert(
      fc.property(calls, (list) => {
        const { under, file } = gathered();
        const plain = new MemoryFile();
        for (const { kind, at, length, value } of list) {
          const place = kind === "append" ? plain.size : at;
          if (kind === "write" || kind === "append") {
            for (const one of [file, plain]) one.write(filled(length, value), place);
          } else if (kind === "read") {
            const [got, wanted] = [filled(length, 0), filled(length, 0)];
            expect(file.read(got, at)).toBe(plain.read(wanted, at));
            expect(got).toEqual(wanted);
          } else if (kind === "truncate") {
            for (const one of [file, plain]) one.truncate(at);
          } else {
            file.sync();
            expect(under.bytes()).toEqual(plain.bytes());
          }
          expect(file.size()).toBe(plain.size);
        }
        file.sync();
        expect(under.bytes()).toEqual(plain.bytes());
      }),
    );
  });

  it("reaches the disk in one call, a large one in several", () => {
    const { under, file } = gathered();
    for (let at = 0; at < 40; at++) file.write(filled(4096, 1), at * 4096);
    file.read(new Uint8Array(4), 4096);
    expect(under.writes).toBe(0);
    file.sync();
    expect(under.writes).toBe(1);
    for (let at = 0; at < 4; at++) file.write(filled(LARGE, 2), 40 * 4096 + at * LARGE);
    file.sync();
    expect(under.writes).toBe(5);
  });

  it("what found no room is gone, as if each write had failed, and the next one is another", () => {
    const { under, file } = gathered();
    file.write(filled(10, 1), 0);
    file.sync();
    file.write(filled(10, 2), 10);
    under.isFull = true;
    expect(() => file.settle()).toThrow(DiskError);
    under.isFull = false;
    file.sync();
    expect(under.bytes()).toEqual(filled(10, 1));
    file.write(filled(5, 3), 10);
    file.sync();
    expect(under.bytes()).toEqual(Uint8Array.from([...filled(10, 1), ...filled(5, 3)]));
  });

  it("what was not synced is lost when it is closed", () => {
    const { under, file } = gathered();
    file.write(filled(10, 1), 0);
    file.close();
    expect(under.size).toBe(0);
  });
});
