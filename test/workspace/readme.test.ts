/** What the documents tell people to type is there. */
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { createClient, type Client } from "@xchat/client";
import { conversations } from "@xchat/client/conversations";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { mlsGroupCipher } from "@xchat/mls";
import { memoryStoreOpener } from "@xchat/store-sqlite/memory";
import { allMessages, memoryConnector, memoryNodes, person, systemClock, until } from "@xchat/testkit";
import { describe, expect, test } from "vitest";
import { helpWords } from "../../apps/cli/src/help.ts";
import { HELP } from "../../apps/node/src/options.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (file: string): Promise<string> => readFile(join(ROOT, file), "utf8");

describe("the documents", () => {
  test("name only commands of the terminal client that it has", async () => {
    const help = helpWords();
    for (const file of ["README.md", "docs/guide.md", "docs/operator.md", "apps/cli/README.md"]) {
      const text = await read(file);
      const commands = [...text.matchAll(/(?:npx |`)xchat ([a-z]+)/gu)].map(([, command = ""]) => command);
      expect(commands.length).toBeGreaterThan(0);
      for (const command of new Set(commands.filter((one) => one !== "help")))
        expect(help, `${file}: xchat ${command}`).toMatch(new RegExp(`^  ${command}\\b`, "mu"));
    }
  });

  test("name only scripts that package.json has", async () => {
    const { scripts } = JSON.parse(await read("package.json")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    for (const file of ["README.md", "docs/guide.md", "docs/operator.md"]) {
      const text = await read(file);
      for (const [, script = ""] of text.matchAll(/npm run ([a-z]+)/gu)) expect(Object.keys(scripts)).toContain(script);
    }
  });

  test("list the flags that the node has, with their variables", async () => {
    const flags = (text: string): readonly string[] =>
      [...new Set(text.match(/--[a-z][a-z-]+|XCHAT_(?:PORT|HOST|PUBLIC|DATA|APP)/gu))].toSorted();
    const section = (await read("docs/operator.md")).split(/^## /mu).find((part) => part.startsWith("Flags"));
    expect(flags(section ?? "")).toEqual(flags(HELP).filter((flag) => flag !== "--help"));
  });
});

describe("the example of the README", () => {
  test("makes an invitation, says yes to who comes by it, and writes to them", async () => {
    const block = /```ts\n(.*?)```/su.exec(await read("README.md"))?.[1] ?? "";
    expect(block.split("\n").length).toBeLessThan(20);
    const nodes = memoryNodes(1);
    const connector = memoryConnector(nodes, { isCut: false });
    const provider = nodeCryptoProvider();
    const ports: Parameters<typeof createClient>[0] = {
      provider,
      loadConversations: async () => conversations((rules) => mlsGroupCipher({ provider, rules })),
      stores: memoryStoreOpener({ provider, now: () => Date.now() }),
      connector,
      direct: null,
      clock: systemClock,
      deviceName: "example",
      defaultNodes: async () => nodes.map(({ hint }) => hint),
      linkBase: null,
    };
    const program = stripTypeScriptTypes(block).replace(/^import .*$/mu, "");
    const run = new Function(
      "createClient",
      "ports",
      `return (async () => { ${program}; return { client, code }; })()`,
    );
    const { client, code } = (await run(createClient, ports)) as { readonly client: Client; readonly code: string };
    const bob = await person({ name: "Bob", nodes: nodes.map(({ hint }) => hint), connector });
    try {
      const { chat } = await bob.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
      await until(bob.api, { view: "chats" }, ([one]) => one?.last?.text === "Hello");
      const texts = (await allMessages(bob.api, chat)).flatMap(({ content }) =>
        content.kind === "text" ? [content.text] : [],
      );
      expect(texts).toEqual(["Hello"]);
    } finally {
      await bob.close();
      await client.close();
    }
  });
});
