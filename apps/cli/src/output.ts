/** How results are printed: words for people, one JSON object a line for scripts. */
import { styleText } from "node:util";
import { safeJson } from "./safe-text.ts";

export type Style = (text: string) => string;

export interface Output {
  readonly isJson: boolean;
  /** One result: `fields` for scripts, `words` for people. */
  result(fields: Readonly<Record<string, unknown>>, words: string): void;
  /** What only people need. */
  note(words: string): void;
  /** Something that went wrong beside the result, on the error stream. */
  warn(words: string): void;
  readonly strong: Style;
  readonly faint: Style;
}

interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

const plain: Style = (text) => text;

export function textOutput(out: Stream, err: Stream, environment: NodeJS.ProcessEnv): Output {
  const isColoured = out.isTTY === true && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  const style =
    (name: "bold" | "dim"): Style =>
    (text) =>
      styleText(name, text, { validateStream: false });
  return {
    isJson: false,
    result: (_, words) => void out.write(`${words}\n`),
    note: (words) => void out.write(`${words}\n`),
    warn: (words) => void err.write(`${words}\n`),
    strong: isColoured ? style("bold") : plain,
    faint: isColoured ? style("dim") : plain,
  };
}

export const jsonOutput = (out: Stream, err: Stream): Output => ({
  isJson: true,
  result: (fields) => void out.write(`${safeJson(fields)}\n`),
  note: () => {},
  warn: (words) => void err.write(`${safeJson({ type: "warning", words })}\n`),
  strong: plain,
  faint: plain,
});
