/**
 * Application messages of 1 KiB from one person to another, sealed and opened one at a time: our group cipher in Node and
 * in Chromium, beside ts-mls as published and a session of libsignal. Each plaintext is compared.
 */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { measureInBrowser } from "./mls/browser.ts";
import { groupCipherLane } from "./mls/group-cipher.ts";
import { measureLane } from "./mls/lane.ts";
import { libsignalLane } from "./mls/libsignal.ts";
import { stockLane } from "./mls/stock.ts";
import type { BenchResult } from "./run.ts";

export async function run(): Promise<BenchResult> {
  const own = await measureLane(await groupCipherLane(nodeCryptoProvider()), { rounds: 9, count: 1000 });
  const stock = await stockLane();
  const stockFigures = await measureLane(stock, { rounds: 3, count: 200 });
  await stock.dispose();
  const libsignal = await measureLane(await libsignalLane(), { rounds: 9, count: 1000 });
  const browser = await measureInBrowser({ rounds: 9, count: 500 });
  return {
    figures: {
      sealPerSecond: own.sealPerSecond,
      openPerSecond: own.openPerSecond,
      browserSealPerSecond: browser.sealPerSecond,
      browserOpenPerSecond: browser.openPerSecond,
      stockSealPerSecond: stockFigures.sealPerSecond,
      stockOpenPerSecond: stockFigures.openPerSecond,
      libsignalSealPerSecond: libsignal.sealPerSecond,
      libsignalOpenPerSecond: libsignal.openPerSecond,
    },
    notes: [
      "targets: 4,000 seals and 3,500 opens in Node, 1,500 each in Chromium",
      "what limits: Ed25519 (37 of 75 µs of processor time a seal, 107 of 160 an open); libsignal authenticates by a MAC instead,",
      "  which nobody but the two can check, where each of our messages is signed (RFC 9420, 6.1)",
      "stock: ts-mls 1.6.4 without our patch and with its own cryptography",
    ],
  };
}
