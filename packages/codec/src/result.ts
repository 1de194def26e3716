/**
 * A refusal is a value. Everything that reads bytes of a peer answers with one of these and never throws.
 */

export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const err = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error });

/**
 * Takes the value out of a result that cannot fail here, such as the decoding of what this device wrote itself.
 *
 * @throws Error with `code` "broken-invariant" when it is a refusal all the same: the environment is damaged.
 */
export function expectOk<T>(result: Result<T, { readonly reason: string }>, what: string): T {
  if (result.ok) return result.value;
  throw Object.assign(new Error(`${what}: ${result.error.reason}`), {
    name: "InvariantError",
    code: "broken-invariant",
  });
}
