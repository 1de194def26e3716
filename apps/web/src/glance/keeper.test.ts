import type { ClientApi, IntentName, MessageView, ProfileView } from "@xchat/client/api";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { scriptedClient } from "../dev/scripted-client.ts";
import { openGlance, type Glance } from "./glance.ts";
import type { GlanceFile } from "./glance-file.ts";
import { GlanceKeeper } from "./keeper.ts";

const BUILD = "0123456789abcdef";
const STEP = 20;
/** Until it has been written after a change: two seconds, and the answers of the scripted client. */
const WRITTEN = 4_000;

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => vi.useRealTimers());

class MemoryFile implements GlanceFile {
  bytes: Uint8Array<ArrayBuffer> | null = null;
  writes = 0;
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.writes++;
    this.bytes = bytes;
  }
  async forget(): Promise<void> {
    this.bytes = null;
  }
  async glance(): Promise<Glance | null> {
    return this.bytes === null ? null : openGlance(this.bytes, BUILD, Date.now());
  }
  async texts(chat: string): Promise<readonly string[]> {
    const messages = (await this.glance())?.pages[chat]?.page.messages ?? [];
    return messages.map(({ content }) => (content.kind === "text" ? content.text : content.kind));
  }
}

/** In small steps: the cipher works on threads of its own, beyond the timers that are replaced, and has one turn in each. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed <= milliseconds; passed += STEP) {
    await vi.advanceTimersByTimeAsync(passed === 0 ? 0 : STEP);
    await crypto.subtle.digest("SHA-256", new Uint8Array(1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The scripted client takes its time for each answer. */
async function answered<T>(promise: Promise<T>): Promise<T> {
  await pass(100);
  return promise;
}

/** The scripted client with its store under no passphrase, until one is set. */
function bare(scene: string): ClientApi {
  const inner = scriptedClient(scene).api;
  let hasPassphrase = false;
  const tells: (() => void)[] = [];
  return {
    watch: (query, listener) => {
      if (query.view !== "profile") return inner.watch(query, listener);
      const hear = listener as (profile: ProfileView) => void;
      return inner.watch({ view: "profile" }, (profile) => {
        const tell = (): void => hear(profile.state === "ready" ? { ...profile, hasPassphrase } : profile);
        tells.push(tell);
        tell();
      });
    },
    call: async (intent, input) => {
      if (intent !== "setPassphrase") return inner.call(intent, input);
      hasPassphrase = true;
      for (const tell of tells) tell();
      return undefined as never;
    },
  };
}

interface Kept {
  readonly file: MemoryFile;
  readonly keeper: GlanceKeeper;
  /** As pages have it. */
  readonly api: ClientApi;
}

async function kept(inner: ClientApi = bare("")): Promise<Kept> {
  const file = new MemoryFile();
  const keeper = new GlanceKeeper({ api: inner, file, build: BUILD });
  const api = keeper.begin();
  await pass(WRITTEN);
  return { file, keeper, api };
}

const newest = async (api: ClientApi, chat: string): Promise<MessageView> => {
  const { messages } = await answered(api.call("messages", { chat, before: null, limit: 1 }));
  return messages[0]!;
};

test("holds the list and the last messages of the chats on top, as the client gives them", async () => {
  const { file, api } = await kept();
  const glance = await file.glance();
  expect(glance?.profile.state).toBe("ready");
  expect(glance?.chats.length).toBeGreaterThan(3);
  const page = await answered(api.call("messages", { chat: "long", before: null, limit: 24 }));
  expect(glance?.pages["long"]?.page).toEqual(JSON.parse(JSON.stringify(page)));
});

test("holds what a group shows", async () => {
  const { file } = await kept(bare("groups"));
  const glance = await file.glance();
  const group = glance?.chats.find(({ kind }) => kind === "group");
  expect(glance?.pages[String(group?.id)]?.group).toMatchObject({ members: expect.any(Array) as unknown });
});

test("is written anew a while after the last change, and not with each", async () => {
  const { file, api } = await kept();
  const { writes } = file;
  for (let line = 0; line < 5; line++) {
    await answered(api.call("sendMessage", { chat: "long", text: `line ${line}` }));
    await pass(1_000);
    expect(file.writes).toBe(writes);
  }
  await pass(WRITTEN);
  expect(file.writes).toBeGreaterThan(writes);
  expect(await file.texts("long")).toContain("line 4");
});

test("is written after 15 seconds where somebody never stops", async () => {
  const { file, api } = await kept();
  const { writes } = file;
  for (let line = 0; line < 16; line++) {
    await answered(api.call("sendMessage", { chat: "long", text: `line ${line}` }));
    await pass(900);
  }
  expect(file.writes).toBeGreaterThan(writes);
});

test("[GL1] is not where a passphrase is set, and gone before one is", async () => {
  const { api, file } = await kept();
  expect(file.bytes).not.toBeNull();
  const setting = api.call("setPassphrase", { current: null, next: "a long enough passphrase" });
  await pass(0);
  expect(file.bytes).toBeNull();
  await answered(setting);
  await pass(60_000);
  expect(file.bytes).toBeNull();
});

test("[GL1] one that lies there from before is taken away", async () => {
  const file = new MemoryFile();
  file.bytes = new Uint8Array(100);
  new GlanceKeeper({ api: bare("locked"), file, build: BUILD }).begin();
  await pass(WRITTEN);
  expect(file.bytes).toBeNull();
});

test("[GL2] forgets before a message is deleted, and what is written then knows nothing of it", async () => {
  const inner = bare("");
  const atTheDeed: (Uint8Array | null)[] = [];
  const { file, api } = await kept({
    watch: (query, listener) => inner.watch(query, listener),
    call: (intent, input) => {
      if (intent === ("deleteMessage" satisfies IntentName)) atTheDeed.push(file.bytes);
      return inner.call(intent, input);
    },
  });
  await answered(api.call("sendMessage", { chat: "long", text: "a word too many" }));
  await pass(WRITTEN);
  expect(await file.texts("long")).toContain("a word too many");
  const { id } = await newest(api, "long");
  await answered(api.call("deleteMessage", { chat: "long", id, who: "everyone" }));
  expect(atTheDeed).toEqual([null]);
  await pass(WRITTEN);
  expect(file.bytes).not.toBeNull();
  expect(await file.texts("long")).not.toContain("a word too many");
});

test("[GL2] what others take away is forgotten at once, and when it disappears is known", async () => {
  const inner = bare("");
  const message = await newest(inner, "long");
  let tell: (changed: readonly MessageView[]) => void = () => {};
  const page = { messages: [{ ...message, isDisappearing: true, disappearsAt: Date.now() + 90_000 }] };
  const { file } = await kept({
    watch: (query, listener) => {
      if (query.view === "messages" && query.chat === "long")
        tell = (changed) => (listener as (view: unknown) => void)({ changed, removed: [] });
      return inner.watch(query, listener);
    },
    call: async (intent, input) =>
      intent === "messages" && (input as { readonly chat: string }).chat === "long"
        ? ({ ...page, hasOlder: true, hasNewer: false } as never)
        : inner.call(intent, input),
  });
  expect((await file.glance())?.until).toBe(page.messages[0]?.disappearsAt);
  tell([{ ...message, content: { kind: "deleted" } }]);
  await pass(0);
  expect(file.bytes).toBeNull();
});

test("[GL2] what was gathered before something was taken away is not written after it", async () => {
  const inner = bare("");
  const held = Promise.withResolvers<void>();
  let isHeld = false;
  const { file, api } = await kept({
    watch: (query, listener) => inner.watch(query, listener),
    call: async (intent, input) => {
      const output = await inner.call(intent, input);
      if (intent === "pinnedMessages" && isHeld) await held.promise;
      return output;
    },
  });
  isHeld = true;
  await answered(api.call("sendMessage", { chat: "long", text: "a word too many" }));
  await pass(WRITTEN);
  const { writes } = file;
  isHeld = false;
  const { id } = await newest(api, "long");
  await answered(api.call("deleteMessage", { chat: "long", id, who: "me" }));
  held.resolve();
  await pass(0);
  expect(file.writes).toBe(writes);
  expect(file.bytes).toBeNull();
  await pass(WRITTEN);
  expect(await file.texts("long")).not.toContain("a word too many");
});

test("nothing is written once it has ended", async () => {
  const { file, keeper, api } = await kept();
  const { writes } = file;
  await answered(api.call("sendMessage", { chat: "long", text: "late" }));
  await keeper.end();
  await pass(60_000);
  expect(file.writes).toBe(writes);
});

test("a client without anybody in it leaves none", async () => {
  for (const scene of ["none", "empty"]) {
    const { file } = await kept(bare(scene));
    expect(file.bytes).toBeNull();
  }
});
