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

/** At most `max` of them. */
export const listOf =
  <T>(inner: Shape<T>, max: number): Shape<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value) || value.length > max) return MALFORMED;
    const items = value.map(inner);
    return items.includes(MALFORMED) ? MALFORMED : (items as readonly T[]);
  };

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

/** Like `record`, with further fields that may stay away. */
export const recordWith =
  <S extends Shapes, O extends Shapes>(
    shapes: S,
    optional: O,
  ): Shape<{ readonly [K in keyof S]: ShapeType<S[K]> } & { readonly [K in keyof O]?: ShapeType<O[K]> }> =>
  (value) => {
    const needed = readFields(shapes, value, false);
    const more = readFields(optional, value, true);
    return needed === MALFORMED || more === MALFORMED ? MALFORMED : ({ ...needed, ...more } as never);
  };

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
