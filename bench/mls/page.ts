/** What the browser runs; `browser.ts` bundles it and waits for its answer. */
import { domCryptoProvider } from "@xchat/crypto/dom";
import { groupCipherLane } from "./group-cipher.ts";
import { measureLane, type LaneFigures } from "./lane.ts";

declare global {
  var measureMls: (size: { readonly rounds: number; readonly count: number }) => Promise<LaneFigures>;
}

globalThis.measureMls = async (size) => measureLane(await groupCipherLane(await domCryptoProvider()), size);
