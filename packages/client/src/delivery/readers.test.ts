import { nodeCryptoProvider } from "@xchat/crypto/node";
import { expect, it } from "vitest";
import type { MailboxKey } from "../ports.ts";
import type { NodePool } from "./nodes.ts";
import { Readers } from "./readers.ts";

const provider = nodeCryptoProvider();
const hint = { address: "ws://localhost:9000/x", keyHash: new Uint8Array(32).fill(1) };
const key = (byte: number): MailboxKey => ({
  seed: new Uint8Array(32).fill(byte),
  publicKey: new Uint8Array(32).fill(byte),
});

it("subscribes anew for other mailboxes, and not for the same ones in another order", () => {
  const asked: number[][] = [];
  const pool = {
    access: () => ({
      subscribe: ({ mailboxes }: { readonly mailboxes: readonly { readonly key: MailboxKey }[] }) => {
        asked.push(mailboxes.map((one) => one.key.publicKey[0] as number));
        return new Promise(() => {});
      },
    }),
  } as unknown as NodePool;
  const clock = { now: () => 0, after: () => ({ cancel: () => {} }) };
  const readers = new Readers({ pool, cursors: new Map(), clock, provider });
  const read = (...bytes: number[]): void => readers.set("chat", [{ hint, mailboxes: bytes.map(key) }], () => {});
  read(1, 2);
  read(2, 1);
  expect(asked).toEqual([[1, 2]]);
  read(3, 1, 2);
  expect(asked).toEqual([
    [1, 2],
    [3, 1, 2],
  ]);
});
