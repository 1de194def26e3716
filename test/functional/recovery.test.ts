/** The account backup over real sockets to real nodes, and back from it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { person, startNodeProcess, until, type NodeProcess } from "@xchat/testkit";

let nodes: NodeProcess[] = [];
beforeAll(async () => {
  nodes = await Promise.all([startNodeProcess(), startNodeProcess()]);
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.remove()));
});

describe("the account backup at real nodes", () => {
  test("[AB3] [AB12] is written to both, and found again from one address alone", async () => {
    const hints = nodes.map(({ hint }) => hint);
    const alice = await person({ name: "Alice", nodes: hints });
    await alice.api.call("writeBackup", {});
    await until(alice.api, { view: "backup" }, (view) => view.state === "on" && view.storedAt === 2);
    // A second one goes to the other half, while the first stands.
    await alice.api.call("setName", { name: "Alice of the backup" });
    await alice.api.call("writeBackup", {});
    await until(alice.api, { view: "backup" }, (view) => view.state === "on" && view.storedAt === 2 && !view.isBehind);
    const words = (await alice.api.call("recoveryWords", {})).words.join(" ");
    await alice.close();

    const fresh = await person({ name: "Alice", nodes: [], withoutProfile: true });
    const first = nodes[0]?.hint.address.replace("/x", "") ?? "";
    const { found, nodes: asked } = await fresh.api.call("findBackups", { words, nodes: [first] });
    expect(asked.map(({ state }) => state)).toEqual(["answered", "answered"]);
    expect(found.map(({ name }) => name)).toEqual(["Alice of the backup", "Alice"]);
    await fresh.api.call("recoverAccount", { backup: found[0]?.id ?? "", passphrase: "four quiet owls at noon" });
    await until(fresh.api, { view: "profile" }, (view) => view.state === "ready" && view.hasPassphrase);
    await until(fresh.api, { view: "network" }, ({ nodes: own }) => own.length === 2);
    await fresh.api.call("writeBackup", {});
    await until(fresh.api, { view: "backup" }, (view) => view.state === "on" && view.storedAt === 2);
    await fresh.close();
  });
});
