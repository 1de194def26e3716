import { bytesToBase64Url } from "@xchat/codec";
import { describe, expect, it } from "vitest";
import { parseOptions, type ProgramOptions } from "./options.ts";
import { parseNodeList } from "./relay/targets.ts";

const parse = (args: readonly string[], env: Readonly<Record<string, string>> = {}): ProgramOptions | string => {
  const parsed = parseOptions(args, env, "/app");
  if (parsed.kind === "run") return parsed.options;
  return parsed.kind === "wrong" ? parsed.message : parsed.kind;
};
const relayOf = (args: readonly string[], env?: Readonly<Record<string, string>>): unknown => {
  const parsed = parse(args, env);
  return typeof parsed === "string" ? parsed : parsed.relay;
};

describe("flags of a relay", () => {
  it("is none where nothing is said, and what is said by environment counts", () => {
    expect(relayOf([])).toBe(null);
    expect(relayOf(["--relay", "off"])).toBe(null);
    const env = { XCHAT_RELAY: "listed", XCHAT_RELAY_NODES: "/etc/nodes" };
    expect(relayOf([], env)).toEqual({ isOpen: false, nodesFile: "/etc/nodes", allowPrivate: false });
    expect(relayOf(["--relay", "open"])).toEqual({ isOpen: true, nodesFile: null, allowPrivate: false });
    expect(relayOf(["--relay", "open", "--relay-private"])).toMatchObject({ allowPrivate: true });
    expect(parse(["--operator", "Ada Lovelace"])).toMatchObject({ operator: "Ada Lovelace" });
  });

  it.each([
    [["--relay", "all"], /listed.*open.*off/],
    [["--relay", "listed"], /--relay-nodes/],
    [["--relay", "listed", "--relay-nodes", "a", "--relay-private"], /--relay-private/],
    [["--relay-nodes", "a"], /--relay listed/],
    [["--operator", "a".repeat(65)], /64 bytes/],
  ])("says what is wrong with %j", (args, words) => {
    expect(relayOf(args)).toMatch(words);
  });
});

describe("flags that were typed wrongly", () => {
  it.each([
    [["8080"], "Unexpected argument '8080'. With npm, flags stand behind two dashes: npm start -- --port 8080"],
    [["/data"], "Unexpected argument '/data'. With npm, flags stand behind two dashes: npm start -- --port 8080"],
    [["--prot", "1"], "Unknown option '--prot'."],
    [["--port"], "Option '--port <value>' argument missing."],
    [["--port", "-1"], "Option '--port' argument is ambiguous."],
  ])("%j is told in one sentence, and what npm keeps for itself with the way around it", (args, words) => {
    expect(parse(args)).toBe(words);
  });
});

describe("a list of nodes", () => {
  const key = bytesToBase64Url(new Uint8Array(32).fill(7));

  it("[RL5] has one a line, with comments and empty lines", () => {
    const text = `# ours\n\nwss://Node.example/x ${key} # the first\r\n  ws://10.0.0.1:8787/x\t${key}\n`;
    expect(parseNodeList(text)).toEqual([
      { address: "wss://node.example/x", keyHash: new Uint8Array(32).fill(7) },
      { address: "ws://10.0.0.1:8787/x", keyHash: new Uint8Array(32).fill(7) },
    ]);
    expect(parseNodeList("")).toEqual([]);
  });

  it.each([
    "https://node.example/x K",
    "wss://node.example/x",
    "wss://node.example/x AAAA",
    "wss://node.example/x K K",
  ])("[RL5] says which line is none: %s", (line) => {
    expect(parseNodeList(`# first\n${line.replaceAll("K", key)}`)).toEqual({ wrongLine: 2 });
  });
});
