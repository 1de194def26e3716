/**
 * Readers of plain data that another process or tab sent. A reader answers with a fresh value of known fields only, or
 * with `MALFORMED`; it never throws and never follows what it does not know.
 */
export const MALFORMED: unique symbol = Symbol("malformed");
export type Shape<T> = (value: unknown) => T | typeof MALFORMED;

/** At most `max` UTF-16 code units. */
export const text =
  (max: number): Shape<string> =>
  (value) =>
    typeof value === "string" && value.length <= max ? value : MALFORMED;

export const flag: Shape<boolean> = (value) => (typeof value === "boolean" ? value : MALFORMED);

export const whole =
  (max: number): Shape<number> =>
  (value) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max ? value : MALFORMED;

export const oneOf =
  <const W extends string>(...words: readonly W[]): Shape<W> =>
  (value) =>
    words.find((word) => word === value) ?? MALFORMED;

export const orNull =
  <T>(inner: Shape<T>): Shape<T | null> =>
  (value) =>
    value === null ? null : inner(value);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Shapes = { readonly [name: string]: Shape<any> };
type ShapeType<S> = S extends Shape<infer T> ? T : never;

export const record =
  <S extends Shapes>(shapes: S): Shape<{ readonly [K in keyof S]: ShapeType<S[K]> }> =>
  (value) =>
    readFields(shapes, value, false) as { readonly [K in keyof S]: ShapeType<S[K]> } | typeof MALFORMED;

/** Fields that are absent or `undefined` stay away. */
export const partialRecord =
  <S extends Shapes>(shapes: S): Shape<{ readonly [K in keyof S]?: ShapeType<S[K]> }> =>
  (value) =>
    readFields(shapes, value, true) as { readonly [K in keyof S]?: ShapeType<S[K]> } | typeof MALFORMED;

function readFields(shapes: Shapes, value: unknown, isPartial: boolean): Record<string, unknown> | typeof MALFORMED {
  if (!isRecord(value)) return MALFORMED;
  const read: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (isPartial && given === undefined) continue;
    const field = shape(given);
    if (field === MALFORMED) return MALFORMED;
    read[name] = field;
  }
  return read;
}
