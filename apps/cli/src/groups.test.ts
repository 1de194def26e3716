/** Groups in the terminal: the program as a process, against the real daemon and a client whose answers are set by hand. */
import { describe, expect, it } from "vitest";
import { IntentError, type RecordView } from "@xchat/client/api";
import { recordWords } from "./describe-group.ts";
import { chat, group, groupChat, member, message, person, type ScriptedClient } from "./scripted-client.ts";
import { terminal } from "./test-terminal.ts";

const bob = chat({ id: "b0bb0bb0b", name: "Bob", accountId: "xc1bob" });
const choir = groupChat();

function withChoir(client: ScriptedClient): void {
  client.show("chats", [choir, bob]);
  client.show("group", group());
}

/** What was asked of the client beside views and names. */
const asked = ({ calls }: ScriptedClient): readonly unknown[] => calls.map(({ intent, input }) => [intent, input]);

describe("groups in the terminal", () => {
  it("makes one of a name and contacts", async () => {
    const { client, run: xchat } = await terminal();
    withChoir(client);
    client.answers.createGroup = () => ({ chat: choir.id });
    const { json, code } = await xchat(["group", "create", "Choir", "bob", "--description", "On Tuesdays", "--json"]);
    expect(code).toBe(0);
    expect(json).toEqual([{ type: "group", chat: choir.id, name: "Choir", members: ["xc1bob"] }]);
    expect(asked(client)).toEqual([
      ["createGroup", { name: "Choir", description: "On Tuesdays", members: ["xc1bob"] }],
    ]);
  });

  it("does what each verb says, and no other flag is taken", async () => {
    const { client, run: xchat } = await terminal();
    withChoir(client);
    const done = (): undefined => undefined;
    for (const intent of ["addMembers", "removeMember", "setRole", "setGroupInfo", "setPermission"] as const)
      client.answers[intent] = done;
    client.answers.setDisappearing = done;
    client.answers.leaveGroup = done;
    const lines = [
      ["add", "choir", "b0bb"],
      ["remove", "choir", "bob"],
      ["role", "choir", "xc1b", "admin"],
      ["rename", "choir", "The", "choir"],
      ["permit", "choir", "write", "admins"],
      ["timer", "choir", "4w"],
      ["leave", "choir", "--yes"],
    ];
    for (const line of lines) expect(await xchat(["group", ...line])).toMatchObject({ code: 0 });
    expect(asked(client)).toEqual([
      ["addMembers", { chat: choir.id, members: ["xc1bob"] }],
      ["removeMember", { chat: choir.id, accountId: "xc1bob" }],
      ["setRole", { chat: choir.id, accountId: "xc1bob", role: "admin" }],
      ["setGroupInfo", { chat: choir.id, name: "The choir" }],
      ["setPermission", { chat: choir.id, name: "write", holder: "admins" }],
      ["setDisappearing", { chat: choir.id, seconds: 2_419_200 }],
      ["leaveGroup", { chat: choir.id }],
    ]);
    for (const line of [
      ["remove", "choir", "carol"],
      ["timer", "choir", "soon"],
      ["info", "choir", "--open"],
      ["leave", "choir"],
      ["info", "bob"],
    ])
      expect(await xchat(["group", ...line])).toMatchObject({ code: 2 });
    expect(client.calls).toHaveLength(lines.length);
  });

  it("what may not be done is refused in words and with a code", async () => {
    const { client, run: xchat } = await terminal();
    withChoir(client);
    client.answers.setGroupInfo = () => {
      throw new IntentError("group-not-permitted");
    };
    const { code, err } = await xchat(["group", "rename", "choir", "Mine"]);
    expect(code).toBe(9);
    expect(err).toContain("You may not do that");
  });

  it("makes links, lists and revokes them, and answers who asks", async () => {
    const { client, run: xchat } = await terminal();
    client.show("chats", [choir]);
    const link = { id: "11aa22bb", by: person("Bob"), needsApproval: true, expiresAt: null, canRevoke: true };
    client.show(
      "group",
      group({
        links: [{ ...link, state: "open", link: null, code: null }],
        joinRequests: [
          { id: "77cc88dd", person: person("Carol", { isContact: false }), greeting: "Hi", receivedAt: 0 },
        ],
      }),
    );
    client.answers.createGroupLink = () => ({ id: "new1", link: "https://chat.example/#g1.x", code: "g1.x" });
    client.answers.revokeGroupLink = () => undefined;
    client.answers.answerJoinRequest = () => undefined;
    expect((await xchat(["group", "link", "choir", "--open", "--no-end", "--json"])).json).toMatchObject([
      { type: "group-link", id: "new1", code: "g1.x", needsApproval: false, days: null },
    ]);
    expect((await xchat(["group", "link", "choir", "list"])).out).toContain("an admin has to agree");
    await xchat(["group", "link", "choir", "revoke", "11aa"]);
    expect((await xchat(["group", "requests", "choir", "--json"])).json).toMatchObject([
      { type: "join-request", id: "77cc88dd", greeting: "Hi" },
    ]);
    await xchat(["group", "requests", "choir", "accept", "77cc"]);
    expect(asked(client)).toEqual([
      ["createGroupLink", { chat: choir.id, needsApproval: false, days: null }],
      ["revokeGroupLink", { chat: choir.id, id: "11aa22bb" }],
      ["answerJoinRequest", { chat: choir.id, id: "77cc88dd", accept: true }],
    ]);
  });

  it("shows who is in it, what waits and what is held back, and nothing of a hostile name gets at the terminal", async () => {
    const { client, run: xchat } = await terminal();
    const evil = "\u001b]0;title\u0007\u202eevil\n";
    client.show("chats", [choir]);
    client.show(
      "group",
      group({
        description: evil,
        members: [member(evil), member("Bob", { role: "admin", isContact: false })],
        pending: [{ id: "p1p1p1", action: { kind: "name", to: evil } }],
        hold: { people: [person("Dora")] },
      }),
    );
    const { out } = await xchat(["group", "info", "choir"]);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/u);
    for (const part of ["2 people", "admin, not a contact", "p1p1p1", "removal of Dora was undone"])
      expect(out).toContain(part);
  });

  it("messages name their author, and changes stand among them", async () => {
    const { client, run: xchat } = await terminal();
    client.show("chats", [choir]);
    const record: RecordView = { by: person("Bob"), actions: [{ kind: "added", person: person("Carol") }] };
    client.answers.messages = () => ({
      messages: [
        message("hello", { author: person("Carol") }),
        message("", { author: person("Bob"), content: { kind: "record", record } }),
      ],
      hasOlder: false,
      hasNewer: false,
    });
    const { out } = await xchat(["read", "choir", "--peek"]);
    expect(out).toContain("Carol: hello");
    expect(out).toContain("(Bob added Carol)");
  });

  it("has words for every change", () => {
    const someone = person("Bob");
    const me = person("Alice", { isSelf: true });
    expect(recordWords({ by: null, actions: [{ kind: "other" }] })).toContain("come together again");
    expect(recordWords({ by: me, actions: [{ kind: "role", person: someone, to: "admin" }] })).toBe(
      "you made Bob an admin",
    );
    expect(recordWords({ by: someone, actions: [{ kind: "timer", to: 3_600 }] })).toBe(
      "Bob set messages to disappear after 1 hour",
    );
  });
});
