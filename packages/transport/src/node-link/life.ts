/** How long an exchange is used. */
import type { CryptoProvider } from "@xchat/crypto";

/** After so many requests the next one goes out in another exchange (X11). */
export const MAX_REQUESTS = 5_000;
const MINUTE = 60_000;

/** 10 to 60 minutes in milliseconds, at random, so that exchanges do not renew in step. */
export function randomLife(provider: CryptoProvider): number {
  const [high = 0, low = 0] = provider.randomBytes(2);
  return 10 * MINUTE + Math.floor(((high * 256 + low) / 65_536) * 50 * MINUTE);
}
