/** Since the page has last asked for something. */
const QUIET = 250;
/** After the beginning: what waits goes on then, whatever is asked. */
const PATIENCE = 2_000;

/**
 * Waits until the page asks for nothing: what a person wants to see at the opening comes before the work that goes on
 * behind it. Not for longer than 2 seconds after this was called; from then on each wait only lets in what is there.
 *
 * @param port on which the page asks.
 */
export function quietness(port: EventTarget): () => Promise<void> {
  const begun = performance.now();
  let asked = begun;
  port.addEventListener("message", () => {
    asked = performance.now();
  });
  const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
  return async () => {
    for (;;) {
      const until = Math.min(asked + QUIET, begun + PATIENCE) - performance.now();
      await wait(Math.max(0, until));
      if (until <= 0) return;
    }
  };
}
