/** Every view is answered at once, whatever state the profile is in: a program that asks for one waits for it. */
import type { Query } from "@xchat/client/api";
import { connectApi, portChannel, serveApi } from "@xchat/client/rpc";
import { afterEach, describe, expect, test } from "vitest";
import { memoryConnector, memoryNodes, person, present, type Person } from "./index.ts";

type Whole = Exclude<Query["view"], "messages" | "group">;
const VIEWS: Readonly<Record<Whole, true>> = {
  profile: true,
  chats: true,
  requests: true,
  invitations: true,
  network: true,
  backup: true,
  recovery: true,
  link: true,
  devices: true,
  joining: true,
};

const people: Person[] = [];
afterEach(async () => {
  for (const one of people.splice(0)) await one.close();
});

async function alice(): Promise<Person> {
  const nodes = memoryNodes(1);
  const made = await person({ name: "Alice", nodes: nodes.map(({ hint }) => hint), connector: memoryConnector(nodes) });
  people.push(made);
  return made;
}

/** The same client, as from another process. */
function remote({ api }: Person): ReturnType<typeof connectApi> {
  const { port1, port2 } = new MessageChannel();
  serveApi(api, portChannel(port1));
  return connectApi(portChannel(port2));
}

describe("views", () => {
  for (const view of Object.keys(VIEWS) as Whole[]) {
    test(`${view} is answered, here and over a channel`, async () => {
      const who = await alice();
      const away = remote(who);
      const here = await present(who.api, { view } as never);
      expect(here).toBeDefined();
      expect(await present(away, { view } as never)).toEqual(here);
      away.close();
    });
  }
});
