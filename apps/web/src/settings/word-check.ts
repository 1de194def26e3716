/** Positions to ask for, ascending and each once. The choice guards against skipping, not against attackers. */
export function choosePositions(
  length: number,
  count: number,
  random: (below: number) => number = randomBelow,
): readonly number[] {
  const positions = new Set<number>();
  while (positions.size < Math.min(count, length)) positions.add(random(length));
  return [...positions].toSorted((a, b) => a - b);
}

function randomBelow(below: number): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % below;
}

/** Case and white space around are forgiven. */
export const isSameWord = (typed: string, word: string): boolean => typed.trim().toLowerCase() === word.toLowerCase();
