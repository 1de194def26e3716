/** Against a plain file: whatever is asked, the two say the same; and what is behind the end is blank. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryFile } from "./disk.memory.ts";
import { DiskError, type DiskFile } from "./disk.ts";
import { ReservedFile } from "./reserved-file.ts";

/** Notes what reaches it; has room up to `limit`. */
class WatchedFile {
  readonly bytes = new MemoryFile();
  readonly calls: string[] = [];
  limit = Infinity;

  get file(): DiskFile {
    return {
      read: (into, offset) => this.bytes.read(into, offset),
      write: (from, offset) => {
        if (offset + from.length > this.limit) throw new DiskError("full");
        this.calls.push(`write ${offset}+${from.length}`);
        this.bytes.write(from, offset);
      },
      truncate: (size) => {
        this.calls.push(`truncate ${size}`);
        this.bytes.truncate(size);
      },
      sync: () => void this.calls.push("sync"),
      size: () => this.bytes.size,
      close: () => {},
    };
  }
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

const calls = fc.array(
  fc.oneof(
    // As a log is written: from the beginning, each behind the one before.
    fc.record({
      kind: fc.constant("append" as const),
      at: fc.nat(0),
      length: fc.integer({ min: 32, max: 5_000 }),
      value: fc.integer({ min: 1, max: 255 }),
    }),
    fc.record({
      kind: fc.constantFrom("read" as const, "cut" as const),
      at: fc.nat(9_000),
      length: fc.nat(9_000),
      value: fc.nat(0),
    }),
    fc.record({
      kind: fc.constantFrom("empty" as const, "open" as const),
      at: fc.nat(0),
      length: fc.nat(0),
      value: fc.nat(0),
    }),
  ),
  { maxLength: 40 },
);

describe("a file that keeps its room", () => {
  it("reads as a plain one, opened again too, and what it does not hold is blank", () => {
    fc.assert(
      fc.property(calls, (list) => {
        const under = new WatchedFile();
        let file = new ReservedFile(under.file);
        const plain = new MemoryFile();
        for (const { kind, at, length, value } of list) {
          if (kind === "append") {
            for (const one of [file, plain]) one.write(filled(length, value), plain.size);
          } else if (kind === "read") {
            const [got, wanted] = [filled(length, 0), filled(length, 0)];
            expect(file.read(got, at)).toBe(plain.read(wanted, at));
            expect(got).toEqual(wanted);
          } else if (kind === "cut") {
            const size = Math.min(at, plain.size);
            for (const one of [file, plain]) one.truncate(size);
          } else if (kind === "empty") {
            for (const one of [file, plain]) one.truncate(0);
          } else if (plain.size === 0) {
            file = new ReservedFile(under.file);
          }
          expect(file.size()).toBe(plain.size);
          const all = under.bytes.bytes();
          expect(all.subarray(0, plain.size)).toEqual(plain.bytes());
          expect(isBlank(all.subarray(plain.size))).toBe(true);
        }
      }),
    );
  });

  it("grows in steps, and is emptied in place", () => {
    const under = new WatchedFile();
    const file = new ReservedFile(under.file);
    for (let n = 0; n < 3; n++) {
      for (let at = 0; at < 10; at++) file.write(filled(10_000, 1), at * 10_000);
      file.truncate(0);
    }
    expect(under.calls.filter((call) => call.startsWith("truncate"))).toEqual([]);
    const { size } = under.bytes;
    expect(size).toBeGreaterThanOrEqual(100_000);
    expect(under.calls.filter((call) => call.endsWith(`+${size}`))).toHaveLength(1);
  });

  it("[RF1] has a blank beginning on the disk before anything behind it changes", () => {
    const under = new WatchedFile();
    const file = new ReservedFile(under.file);
    file.write(filled(5_000, 1), 0);
    under.calls.length = 0;
    file.truncate(0);
    expect(under.calls).toEqual(["write 0+32", "sync", "write 32+4968"]);
  });

  it("[RF2] what a crash left behind a blank beginning is no log, and is gone with the next write", () => {
    const under = new WatchedFile();
    const file = new ReservedFile(under.file);
    file.write(filled(5_000, 7), 0);
    under.bytes.write(filled(32, 0), 0);
    const again = new ReservedFile(under.file);
    expect(again.size()).toBe(0);
    expect(again.read(new Uint8Array(10), 100)).toBe(0);
    again.write(filled(40, 9), 0);
    const all = under.bytes.bytes();
    expect(all.subarray(0, 40)).toEqual(filled(40, 9));
    expect(isBlank(all.subarray(40))).toBe(true);
  });

  it("a log that is there when it is opened is all there", () => {
    const under = new WatchedFile();
    new ReservedFile(under.file).write(filled(5_000, 7), 0);
    const again = new ReservedFile(under.file);
    const read = new Uint8Array(5_000);
    again.read(read, 0);
    expect(read).toEqual(filled(5_000, 7));
  });

  it("gives room back that it had for a flood, and takes no more than it needs where there is none", () => {
    const under = new WatchedFile();
    const file = new ReservedFile(under.file);
    file.write(filled(2_000_000, 1), 0);
    file.truncate(0);
    expect(under.bytes.size).toBe(0);
    under.limit = 6_000;
    file.write(filled(5_000, 1), 0);
    expect(under.bytes.size).toBe(5_000);
    expect(() => file.write(filled(5_000, 1), 5_000)).toThrow(DiskError);
    expect(file.size()).toBe(5_000);
  });
});
