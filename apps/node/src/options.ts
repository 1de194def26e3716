/** What the person who runs the node can say, by flags or environment. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isOperator } from "@xchat/protocol";

export interface ProgramOptions {
  readonly port: number;
  readonly host: string;
  /** Origin at which others reach it, such as `https://chat.example`; `null` where there is none. */
  readonly publicUrl: URL | null;
  readonly dataFolder: string;
  /** `null` serves no app. */
  readonly appFolder: string | null;
  /** Who runs it, in a word or two that everybody may read. */
  readonly operator: string | null;
  /** `null`: it is no relay. */
  readonly relay: {
    readonly isOpen: boolean;
    readonly nodesFile: string | null;
    readonly allowPrivate: boolean;
  } | null;
}

export const DEFAULT_PORT = 8787;

export const HELP = `Runs an X Chat node: it keeps sealed messages until they are read, and serves the web app.

Usage: xchat-node [flags]

  --port NUMBER    port of HTTP, WebSocket and STUN (UDP)        XCHAT_PORT    8787
  --host ADDRESS   address to listen on; 0.0.0.0 for everyone    XCHAT_HOST    127.0.0.1
  --public URL     where others reach it, https://chat.example   XCHAT_PUBLIC  none: this machine only
  --data FOLDER    where it keeps its key and the messages       XCHAT_DATA    ~/.local/share/xchat-node
  --app FOLDER     the built web app to serve                    XCHAT_APP     the one that was built with it
  --no-app         serves no web app
  --operator NAME  who runs it; say the same at all your nodes   XCHAT_OPERATOR  nothing
  --relay WHICH    passes sealed requests on to other nodes, so  XCHAT_RELAY     off
                   that these do not see who asks: "listed" to
                   those of --relay-nodes, "open" to others too
  --relay-nodes FILE  one node a line: its address and its key   XCHAT_RELAY_NODES  none
  --relay-private  an open relay takes addresses that are not of the public internet too: for networks of your own
  --help           shows this text

The node speaks plain HTTP. For https and wss put a reverse proxy with a certificate in front of it, let it pass
WebSocket upgrades at /x, and tell the node its address with --public. STUN is UDP on the same port number.
`;

export type ParsedOptions =
  | { readonly kind: "run"; readonly options: ProgramOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

const wrong = (message: string): ParsedOptions => ({ kind: "wrong", message });
type Environment = Readonly<Record<string, string | undefined>>;

export function parseOptions(args: readonly string[], env: Environment, builtApp: string): ParsedOptions {
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    values = parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        port: { type: "string" },
        host: { type: "string" },
        public: { type: "string" },
        data: { type: "string" },
        app: { type: "string" },
        "no-app": { type: "boolean" },
        operator: { type: "string" },
        relay: { type: "string" },
        "relay-nodes": { type: "string" },
        "relay-private": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    return wrong(sentenceOf(error as NodeJS.ErrnoException, args));
  }
  if (values["help"] === true) return { kind: "help" };
  const text = (flag: string): string | undefined =>
    (values[flag] as string | undefined) ?? (env[`XCHAT_${flag.toUpperCase().replace("-", "_")}`] || undefined);

  const port = parsePort(text("port"));
  if (port === null) return wrong(`--port must be a number from 0 to 65535, not "${text("port")}".`);
  const publicUrl = parsePublic(text("public"));
  if (publicUrl === "wrong") {
    return wrong(`--public must be an origin such as https://chat.example, without a path, not "${text("public")}".`);
  }
  const host = text("host") ?? "127.0.0.1";
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) return wrong(`--host must be an address of this machine, not "${host}".`);
  const appFolder = values["no-app"] === true ? null : resolve(text("app") ?? builtApp);
  const operator = text("operator") ?? null;
  if (operator !== null && !isOperator(operator)) {
    return wrong(`--operator must be one line of at most 64 bytes, not "${operator}".`);
  }
  const relay = parseRelay(text("relay"), text("relay-nodes"), values["relay-private"] === true);
  if (typeof relay === "string") return wrong(relay);
  const dataFolder = resolve(text("data") ?? defaultDataFolder(env));
  return { kind: "run", options: { port, host, publicUrl, dataFolder, appFolder, operator, relay } };
}

/** A sentence where it is wrong. */
function parseRelay(
  which: string | undefined,
  nodes: string | undefined,
  allowPrivate: boolean,
): ProgramOptions["relay"] | string {
  if (which === undefined || which === "off") {
    if (nodes !== undefined || allowPrivate)
      return "--relay-nodes and --relay-private need --relay listed or --relay open.";
    return null;
  }
  if (which !== "listed" && which !== "open") return `--relay must be "listed", "open" or "off", not "${which}".`;
  if (which === "listed" && nodes === undefined)
    return "--relay listed needs --relay-nodes, a file with one node a line.";
  if (which === "listed" && allowPrivate)
    return "--relay-private is for --relay open: a node of the list may be anywhere.";
  return { isOpen: which === "open", nodesFile: nodes === undefined ? null : resolve(nodes), allowPrivate };
}

function parsePort(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_PORT;
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

function parsePublic(text: string | undefined): URL | null | "wrong" {
  if (text === undefined) return null;
  if (!URL.canParse(text)) return "wrong";
  const url = new URL(text);
  const isOrigin =
    (url.protocol === "https:" || url.protocol === "http:") &&
    url.pathname === "/" &&
    url.search === "" &&
    url.hash === "" &&
    url.username === "";
  return isOrigin ? url : "wrong";
}

const defaultDataFolder = (env: Environment): string =>
  join(env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "xchat-node");

/** Node's own words name the flag; only the first sentence is for people. */
function sentenceOf({ code, message }: NodeJS.ErrnoException, args: readonly string[]): string {
  const sentence = `${message.split(/\.?(?:\s*\n| )(?=[A-Z])/u)[0]?.replace(/\.$/u, "")}.`;
  if (code !== "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") return sentence;
  // npm keeps flags for itself that do not stand behind two dashes, and hands on what is left of them.
  return `${sentence} With npm, flags stand behind two dashes: npm start -- --port ${/^\d+$/u.test(args[0] ?? "") ? args[0] : 8080}`;
}
