/**
 * Waiting times between tries: doubling from `first` to `most`, each spread at random over its upper half, so that
 * clients which lost a node together do not come back together.
 */
import type { CryptoProvider } from "@xchat/crypto";

export interface BackoffLimits {
  readonly first: number;
  readonly most: number;
}

export const NODE_BACKOFF: BackoffLimits = { first: 500, most: 5 * 60_000 };

/** A person who has set the clock right looks whether that has helped. */
export const CLOCK_BACKOFF: BackoffLimits = { first: 2_000, most: 60_000 };

/** `failures` counts those in a row, from 1. Milliseconds. */
export function backoff(provider: CryptoProvider, limits: BackoffLimits, failures: number): number {
  const whole = Math.min(limits.most, limits.first * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole / 2 + (whole / 2) * randomFraction(provider));
}

/** 0 ≤ x < 1, from the provider's randomness. */
export function randomFraction(provider: CryptoProvider): number {
  const [a, b, c, d] = provider.randomBytes(4) as unknown as [number, number, number, number];
  return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32;
}
