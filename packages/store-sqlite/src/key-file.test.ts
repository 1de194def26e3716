import { nodeCryptoProvider } from "@xchat/crypto/node";
import { concatBytes, hexToBytes } from "@xchat/codec";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MemoryDisk } from "./disk.memory.ts";
import { readWhole } from "./disk.ts";
import {
  chooseKeyFile,
  commitKeyFile,
  decodeKeyFile,
  encodeKeyFile,
  readKeyFile,
  settleKeyFile,
  type KeyRecord,
} from "./key-file.ts";

const provider = nodeCryptoProvider();
const bare = (sequence: number, byte = 7): KeyRecord => ({
  sequence,
  state: "ready",
  database: "b",
  key: { kind: "bare", key: new Uint8Array(32).fill(byte) },
});
const wrapped: KeyRecord = { ...bare(3), key: { kind: "wrapped", wrapped: new Uint8Array(100) } };

/** Of the first format: it must be read for ever. */
const FROZEN =
  // [ "xchat store key", 1,
  "836f78636861742073746f7265206b657901" +
  // [ sequence 5, ready, database b, [ bare, 32 bytes ] ] ]
  "5828" +
  "8405010182005820" +
  "07".repeat(32);

it("has a frozen form", () => {
  const file = encodeKeyFile(provider, bare(5));
  const frozen = hexToBytes(FROZEN);
  if (!frozen.ok) throw new Error("malformed vector");
  expect(file).toEqual(concatBytes(frozen.value, provider.sha256(frozen.value)));
});

it("round trip; every truncation, bit flip and other bytes are no record", () => {
  for (const record of [bare(1), wrapped]) {
    const file = encodeKeyFile(provider, record);
    expect(decodeKeyFile(provider, file)).toEqual({ kind: "record", record });
    for (let length = 0; length < file.length; length++) {
      expect(decodeKeyFile(provider, file.subarray(0, length)).kind).toBe(length === 0 ? "absent" : "broken");
    }
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = file.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(decodeKeyFile(provider, flipped).kind).toBe("broken");
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (head) => {
      const sealed = concatBytes(head, provider.sha256(head));
      expect(["broken", "absent"]).toContain(decodeKeyFile(provider, sealed).kind);
    }),
  );
});

it("a later format is told from damage", () => {
  const file = encodeKeyFile(provider, bare(1)).slice(0, -32);
  const format = file.indexOf(1, 17);
  file[format] = 2;
  const later = concatBytes(file, provider.sha256(file));
  expect(decodeKeyFile(provider, later)).toEqual({ kind: "newer" });
  expect(chooseKeyFile(provider, [encodeKeyFile(provider, bare(9)), later])).toEqual({ kind: "newer" });
});

it("[K1] [K2] [K3] the newest valid copy counts, a commit spares it, settling makes both alike", () => {
  const disk = new MemoryDisk();
  expect(readKeyFile(provider, disk)).toEqual({ kind: "none" });
  for (let sequence = 1; sequence < 8; sequence++) {
    const before = ["key-1", "key-2"].map((name) => readWhole(disk, name));
    commitKeyFile(provider, disk, bare(sequence, sequence));
    const after = ["key-1", "key-2"].map((name) => readWhole(disk, name));
    expect(
      after.filter((copy, index) => Buffer.compare(copy ?? Buffer.of(), before[index] ?? Buffer.of()) !== 0),
    ).toHaveLength(1);
    expect(readKeyFile(provider, disk)).toEqual({ kind: "record", record: bare(sequence, sequence) });
    if (sequence % 3 === 0) settleKeyFile(provider, disk, bare(sequence, sequence));
  }
  settleKeyFile(provider, disk, bare(7, 7));
  expect(readWhole(disk, "key-1")).toEqual(readWhole(disk, "key-2"));
  expect(() => commitKeyFile(provider, disk, bare(7))).toThrow(RangeError);
});
