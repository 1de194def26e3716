/**
 * What of the old value is still true, in place of its equal in the new one. Views come as copies: without this all that
 * shows any of them would be drawn anew whenever one thing changes.
 */
export function reuse<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (Array.isArray(before) && Array.isArray(after)) return reuseItems(before, after) as T;
  if (isPlain(before) && isPlain(after)) return reuseFields(before, after) as T;
  return after;
}

/** Items that have an `id` are found by it, so that one that moves stays the same. */
function reuseItems(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const byId = new Map(before.map((item) => [idOf(item), item]));
  const items = after.map((item, index) => {
    const id = idOf(item);
    return reuse(id === undefined ? before[index] : byId.get(id), item);
  });
  return items.length === before.length && items.every((item, index) => item === before[index]) ? before : items;
}

function reuseFields(before: Plain, after: Plain): Plain {
  const names = Object.keys(after);
  const fields = Object.fromEntries(names.map((name) => [name, reuse(before[name], after[name])]));
  const isSame =
    names.length === Object.keys(before).length &&
    names.every((name) => Object.hasOwn(before, name) && fields[name] === before[name]);
  return isSame ? before : fields;
}

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const idOf = (item: unknown): unknown => (isPlain(item) ? item["id"] : undefined);
