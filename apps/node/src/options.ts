/** What the person who runs the node can say, by flags or environment. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

export interface ProgramOptions {
  readonly port: number;
  readonly host: string;
  /** Origin at which others reach it, such as `https://chat.example`; `null` where there is none. */
  readonly publicUrl: URL | null;
  readonly dataFolder: string;
  /** `null` serves no app. */
  readonly appFolder: string | null;
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
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    return wrong(sentenceOf(error as Error));
  }
  if (values["help"] === true) return { kind: "help" };
  const text = (flag: string): string | undefined =>
    (values[flag] as string | undefined) ?? (env[`XCHAT_${flag.toUpperCase()}`] || undefined);

  const port = parsePort(text("port"));
  if (port === null) return wrong(`--port must be a number from 0 to 65535, not "${text("port")}".`);
  const publicUrl = parsePublic(text("public"));
  if (publicUrl === "wrong") {
    return wrong(`--public must be an origin such as https://chat.example, without a path, not "${text("public")}".`);
  }
  const host = text("host") ?? "127.0.0.1";
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) return wrong(`--host must be an address of this machine, not "${host}".`);
  const appFolder = values["no-app"] === true ? null : resolve(text("app") ?? builtApp);
  return {
    kind: "run",
    options: { port, host, publicUrl, dataFolder: resolve(text("data") ?? defaultDataFolder(env)), appFolder },
  };
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
const sentenceOf = (error: Error): string => `${error.message.split(". ")[0]}.`;
