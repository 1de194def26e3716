/** What happened in a world, in order. All of it goes into the hash; the lines that a person reads are the story. */

export class Trace {
  readonly #story: string[] = [];
  readonly #isVerbose: boolean;
  #hash = 0x811c9dc5;
  #other = 0x1234567;

  /** Verbose: the story has every request too. */
  constructor(isVerbose: boolean) {
    this.#isVerbose = isVerbose;
  }

  get story(): readonly string[] {
    return this.#story;
  }

  get hash(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return hex(this.#hash) + hex(this.#other);
  }

  tell(now: number, line: string): void {
    this.note(now, line, true);
  }

  note(now: number, line: string, isStory = this.#isVerbose): void {
    this.#mix(now);
    for (let i = 0; i < line.length; i++) this.#mix(line.charCodeAt(i));
    if (isStory) this.#story.push(`${timeOf(now)} ${line}`);
  }

  #mix(word: number): void {
    this.#hash = Math.imul(this.#hash ^ word, 0x01000193);
    this.#other = (Math.imul(this.#other, 0x9e3779b1) + this.#hash + (word | 0)) | 0;
  }
}

function timeOf(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const part = (value: number): string => String(value).padStart(2, "0");
  const day = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(part).join(":");
  return `${day}d ${clock}.${String(milliseconds % 1000).padStart(3, "0")}`;
}
