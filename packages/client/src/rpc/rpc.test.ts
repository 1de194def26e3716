import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INTENT_ERROR_CODES, IntentError, type ClientApi, type ProfileView, type Query } from "../api.ts";
import { portChannel, type Channel } from "./channel.ts";
import { connectApi } from "./connect.ts";
import { MAX_OPEN_CALLS, MAX_OPEN_WATCHES, serveApi } from "./serve.ts";

/** Both ends of a channel in one process; what crosses is what JSON leaves of it, as over the socket. */
function channelPair(): { near: Channel & { close(): void }; far: Channel & { close(): void } } {
  let isOpen = true;
  const ends = [0, 1].map(() => ({ messages: new Set<(m: unknown) => void>(), closes: new Set<() => void>() }));
  const close = (): void => {
    isOpen = false;
    for (const end of ends) for (const listener of end.closes) listener();
  };
  const make = (own: number): Channel & { close(): void } => ({
    send: (message) => {
      const json = JSON.stringify(message);
      queueMicrotask(() => {
        if (isOpen) for (const listener of ends[1 - own]!.messages) listener(JSON.parse(json));
      });
    },
    onMessage: (listener) => {
      ends[own]!.messages.add(listener);
      return () => ends[own]!.messages.delete(listener);
    },
    onClose: (listener) => {
      ends[own]!.closes.add(listener);
      return () => ends[own]!.closes.delete(listener);
    },
    close,
  });
  return { near: make(0), far: make(1) };
}

interface RecordingApi extends ClientApi {
  readonly calls: { readonly intent: string; readonly input: unknown }[];
  readonly watchers: Map<(view: never) => void, Query>;
  emit(view: unknown): void;
}

function recordingApi(answer: (intent: string) => unknown = () => undefined): RecordingApi {
  const watchers = new Map<(view: never) => void, Query>();
  const calls: { intent: string; input: unknown }[] = [];
  return {
    calls,
    watchers,
    call: (async (intent: string, input: unknown) => {
      calls.push({ intent, input });
      return answer(intent);
    }) as ClientApi["call"],
    watch: (query, listener) => {
      watchers.set(listener as never, query);
      return () => watchers.delete(listener as never);
    },
    emit: (view) => {
      for (const listener of watchers.keys()) listener(view as never);
    },
  };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

const profile: ProfileView = { state: "locked" };

describe("rpc", () => {
  it("carries intents, their inputs and outputs", async () => {
    const { near, far } = channelPair();
    const api = recordingApi((intent) => (intent === "sendMessage" ? { id: "e1" } : undefined));
    serveApi(api, far);
    const client = connectApi(near);
    await expect(client.call("sendMessage", { chat: "c", text: "héllo\n\u0000" })).resolves.toEqual({ id: "e1" });
    expect((await client.call("lock", {})) ?? undefined).toBeUndefined();
    await client.call("setSettings", { shareReadState: false });
    expect(api.calls).toEqual([
      { intent: "sendMessage", input: { chat: "c", text: "héllo\n\u0000" } },
      { intent: "lock", input: {} },
      { intent: "setSettings", input: { shareReadState: false } },
    ]);
  });

  it("[R2] carries lists of people, and refuses what is none, or too long", async () => {
    const { near, far } = channelPair();
    const api = recordingApi();
    serveApi(api, far);
    const client = connectApi(near);
    await client.call("addMembers", { chat: "c", members: ["xc1a", "xc1b"] });
    await client.call("setGroupInfo", { chat: "c", name: "Choir" });
    const bad = [["xc1a", 7], "xc1a", Array.from({ length: 4_097 }, () => "xc1a")];
    for (const members of bad)
      await expect(client.call("addMembers", { chat: "c", members: members as never })).rejects.toMatchObject({
        code: "internal",
      });
    expect(api.calls).toEqual([
      { intent: "addMembers", input: { chat: "c", members: ["xc1a", "xc1b"] } },
      { intent: "setGroupInfo", input: { chat: "c", name: "Choir" } },
    ]);
  });

  it.each(INTENT_ERROR_CODES)("[A2] the code %s survives", async (code) => {
    const { near, far } = channelPair();
    serveApi(
      recordingApi(() => {
        throw new IntentError(code, new Error("a path, a secret"));
      }),
      far,
    );
    const error = await connectApi(near)
      .call("lock", {})
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(IntentError);
    expect(error).toMatchObject({ code, cause: undefined });
  });

  it("[R3] any other error crosses as internal, without its text", async () => {
    const { near, far } = channelPair();
    const seen: unknown[] = [];
    near.onMessage((message) => seen.push(message));
    serveApi(
      recordingApi(() => {
        throw new Error("a path, a secret");
      }),
      far,
    );
    await expect(connectApi(near).call("lock", {})).rejects.toMatchObject({ code: "internal" });
    expect(seen).toEqual([{ kind: "failure", id: 1, code: "internal" }]);
  });

  it("[A3] watches deliver views until they are ended", async () => {
    const { near, far } = channelPair();
    const api = recordingApi();
    serveApi(api, far);
    const client = connectApi(near);
    const views: unknown[] = [];
    const end = client.watch({ view: "profile" }, (view) => views.push(view));
    await settled();
    api.emit(profile);
    api.emit({ state: "none" });
    await settled();
    expect(views).toEqual([profile, { state: "none" }]);
    end();
    await settled();
    expect(api.watchers.size).toBe(0);
    api.emit(profile);
    await settled();
    expect(views).toHaveLength(2);
  });

  it("drops a view that has not the form of what was asked for", async () => {
    const { near, far } = channelPair();
    const api = recordingApi();
    serveApi(api, far);
    const client = connectApi(near);
    const views: unknown[] = [];
    client.watch({ view: "chats" }, (view) => views.push(view));
    client.watch({ view: "messages", chat: "c" }, (view) => views.push(view));
    await settled();
    for (const bad of [null, 1, "x", {}, [1], { changed: 1, removed: [] }]) api.emit(bad);
    await settled();
    expect(views).toEqual([]);
  });

  it("ends watches and rejects pending calls when the channel closes", async () => {
    const { near, far } = channelPair();
    const api: RecordingApi = { ...recordingApi(), call: () => new Promise(() => {}) };
    serveApi(api, far);
    const client = connectApi(near);
    client.watch({ view: "profile" }, () => {});
    const pending = client.call("doctor", {});
    await settled();
    expect(api.watchers.size).toBe(1);
    near.close();
    await expect(pending).rejects.toMatchObject({ code: "not-the-leader" });
    expect(api.watchers.size).toBe(0);
    await expect(client.call("doctor", {})).rejects.toMatchObject({ code: "not-the-leader" });
    expect(client.watch({ view: "profile" }, () => {})).toBeTypeOf("function");
  });

  it("does not deliver after close, and forgets nobody's watch on the serving side", async () => {
    const { near, far } = channelPair();
    const api = recordingApi();
    const stop = serveApi(api, far);
    const client = connectApi(near);
    const views: unknown[] = [];
    client.watch({ view: "profile" }, (view) => views.push(view));
    await settled();
    client.close();
    api.emit(profile);
    stop();
    await settled();
    expect(views).toEqual([]);
    expect(api.watchers.size).toBe(0);
  });

  it("[R2] refuses unknown intents, prototype names and malformed inputs, and calls nothing", async () => {
    const { near, far } = channelPair();
    const api = recordingApi();
    serveApi(api, far);
    const client = connectApi(near);
    const bad: readonly [string, unknown][] = [
      ["noSuchIntent", {}],
      ["__proto__", {}],
      ["toString", {}],
      ["sendMessage", null],
      ["sendMessage", { chat: "c" }],
      ["sendMessage", { chat: "c", text: 1 }],
      ["sendMessage", { chat: "c".repeat(5000), text: "x" }],
      ["sendMessage", ["c", "x"]],
      ["messages", { chat: "c", before: null, limit: -1 }],
      ["messages", { chat: "c", before: null, limit: 1e300 }],
      ["answerRequest", { id: "r", answer: "maybe", mayDirect: false }],
    ];
    for (const [intent, input] of bad) {
      await expect(client.call(intent as "lock", input as never)).rejects.toMatchObject({ code: "internal" });
    }
    expect(api.calls).toEqual([]);
  });

  it("hands over known fields only", async () => {
    const { near, far } = channelPair();
    const api = recordingApi();
    serveApi(api, far);
    const input = JSON.parse('{"name": "a", "extra": 1, "__proto__": {"polluted": 1}}') as never;
    await connectApi(near).call("setName", input);
    expect(api.calls).toEqual([{ intent: "setName", input: { name: "a" } }]);
  });

  it("bounds open calls and watches of one channel", async () => {
    const { near, far } = channelPair();
    const refused: unknown[] = [];
    near.onMessage((message) => refused.push(message));
    const api: RecordingApi = { ...recordingApi(), call: () => new Promise(() => {}) };
    serveApi(api, far);
    for (let id = 1; id <= MAX_OPEN_CALLS + 1; id++) near.send({ kind: "call", id, intent: "lock", input: {} });
    for (let id = 1001; id <= 1001 + MAX_OPEN_WATCHES; id++) near.send({ kind: "watch", id, query: { view: "chats" } });
    await settled();
    expect(api.watchers.size).toBe(MAX_OPEN_WATCHES);
    expect(refused).toEqual([
      { kind: "failure", id: MAX_OPEN_CALLS + 1, code: "internal" },
      { kind: "failure", id: 1001 + MAX_OPEN_WATCHES, code: "internal" },
    ]);
  });

  it("[R2] neither side throws on anything", async () => {
    const { near, far } = channelPair();
    const api = recordingApi();
    serveApi(api, far);
    const client = connectApi(near);
    client.watch({ view: "chats" }, () => {});
    const kinds = fc.constantFrom("call", "watch", "unwatch", "output", "failure", "view", "__proto__");
    const message = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          kind: kinds,
          id: fc.oneof(fc.nat(5), fc.jsonValue()),
          intent: fc.string(),
          input: fc.jsonValue(),
          query: fc.jsonValue(),
          code: fc.jsonValue(),
          view: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(message, async (m) => {
        near.send(m);
        far.send(m);
        await settled();
      }),
      { numRuns: 300 },
    );
    expect(api.calls).toEqual([]);
  });

  it("works over a message port, and ends when the port closes", async () => {
    const { port1, port2 } = new MessageChannel();
    serveApi(
      recordingApi(() => ({ id: "e" })),
      portChannel(port2),
    );
    const channel = portChannel(port1);
    const client = connectApi(channel);
    await expect(client.call("sendMessage", { chat: "c", text: "x" })).resolves.toEqual({ id: "e" });
    const closed = new Promise<void>((resolve) => channel.onClose(resolve));
    port2.close();
    await closed;
    await expect(client.call("lock", {})).rejects.toMatchObject({ code: "not-the-leader" });
  });
});
