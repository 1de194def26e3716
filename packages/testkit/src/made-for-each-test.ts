/** What a test makes is closed after it. */
import { afterEach } from "vitest";

/** To be called once, at the top of a file. */
export function madeForEachTest<I extends readonly unknown[], T extends { close(): Promise<void> }>(
  make: (...input: I) => T,
): (...input: I) => T {
  const open: T[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  return (...input) => {
    const made = make(...input);
    open.push(made);
    return made;
  };
}
