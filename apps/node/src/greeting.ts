/** What the program says once it runs: what to open, where its data lies, and who can reach it. */
import type { RunningNode } from "./index.ts";
import type { ProgramOptions } from "./options.ts";

type Started = Pick<RunningNode, "hasApp" | "webAddress" | "socketAddress" | "isRelay">;
type Wanted = Pick<ProgramOptions, "appFolder" | "dataFolder" | "publicUrl" | "relay">;

export function greeting(node: Started, { appFolder, dataFolder, publicUrl, relay }: Wanted): string {
  const lines = [
    "",
    `  X Chat node is running.`,
    node.hasApp
      ? `  Open    ${node.webAddress}`
      : `  Node    ${node.webAddress} (no web app: ${appFolder === null ? "--no-app" : "it is not built yet"})`,
    `  Socket  ${node.socketAddress}`,
    `  Data    ${dataFolder}`,
    ...(node.isRelay
      ? [`  Relay   to ${relay?.isOpen === true ? "nodes that show themselves" : "the nodes of the list"}`]
      : []),
    ...reach(node, publicUrl),
    "  Ctrl-C stops it.",
    "",
  ];
  return lines.join("\n");
}

function reach({ hasApp }: Started, publicUrl: URL | null): readonly string[] {
  if (publicUrl === null)
    return ["  Only this machine can reach it by that name; --public https://… makes links for everyone."];
  if (!hasApp || publicUrl.protocol === "https:" || isLoopback(publicUrl.hostname)) return [];
  return [
    "  Browsers run the app over https and on localhost alone: at this address it is for terminals. For browsers, put",
    "  TLS in front of the node (docs/operator.md) and name its address: --public https://…",
  ];
}

const isLoopback = (name: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(name);
