/** The person's devices: linking one more on either side, the list, names, removal. */
import { IntentError, type DeviceView, type LinkView } from "@xchat/client/api";
import encodeQr from "qr";
import { linkEndWords } from "../link-words.ts";
import { askWhile, askPassphrase } from "../prompt.ts";
import { safeLine } from "../safe-text.ts";
import { EXIT } from "../words.ts";
import { byBeginning, textFlag, UsageError, view, type Command, type CommandInput } from "./command.ts";
import { newPassphrase, unlock } from "./profile.ts";

export const link: Command = {
  usage: "link   link CODE [--name NAME] [--yes]",
  does: "link one more device to your account: without a code on the one that has it, with its code on the new one",
  flags: ["name", "yes"],
  isWithoutProfile: true,
  run: async (input) => {
    const [code, ...rest] = input.args;
    if (rest.length > 0) throw new UsageError("link, or link CODE");
    if (code !== undefined) return linkThis(input, code);
    await unlock(input.api, input.environment);
    return linkAnother(input);
  },
};

/** On the device that has the account. */
async function linkAnother(input: CommandInput): Promise<number> {
  const { api, out } = input;
  await api.call("startLink", { passphrase: await presentPassphrase(input) });
  return follow(input, async (state, signal) => {
    switch (state.kind) {
      case "code":
        if (process.stdout.isTTY === true && !out.isJson) out.note(encodeQr(state.code, "term"));
        out.result({ type: "link", ...state }, state.code);
        out.note("\nOnly for a device of your own: it will read everything. Type the code there, or scan it.");
        out.note("There: xchat link CODE, or in the app: I have X Chat on another device");
        return;
      case "digits": {
        const tries = state.triesLeft < 3 ? `Those are not the digits. Tries left: ${state.triesLeft}. ` : "";
        out.result(
          { type: "link", ...state },
          `${tries}A device that calls itself ${safeLine(state.deviceName)} shows six digits.`,
        );
        const typed = await askWhile("The digits, read off a device in your hand (empty: it is not mine): ", signal);
        if (signal.aborted) return;
        if (typed === null || typed.trim() === "") await api.call("denyLink", {});
        else await api.call("typeLinkDigits", { digits: typed });
        return;
      }
      case "confirming":
        return out.result({ type: "link", ...state }, `Right. Now say yes on ${safeLine(state.deviceName)}.`);
      case "added":
        return out.result(
          { type: "link", ...state },
          `${safeLine(state.deviceName)} is added. Your chats reach it one by one while this one is connected.`,
        );
      default:
        if (state.kind !== "none") out.result({ type: "link", ...state }, "Adding it …");
    }
  });
}

/** On a device without a profile. */
async function linkThis(input: CommandInput, code: string): Promise<number> {
  const { api, out, flags } = input;
  if ((await view(api, { view: "profile" })).state !== "none") throw new IntentError("profile-exists");
  const passphrase = await newPassphrase(input, "Passphrase for this device (empty for none): ", "XCHAT_PASSPHRASE");
  await api.call("enterLinkCode", { text: code, deviceName: textFlag(flags, "name") ?? "", passphrase });
  return follow(input, async (state, signal) => {
    switch (state.kind) {
      case "meeting":
        return out.result({ type: "link", ...state }, "Looking for your other device …");
      case "showing":
        return out.result(
          { type: "link", ...state },
          `Type these digits there: ${out.strong(`${state.digits.slice(0, 3)} ${state.digits.slice(3)}`)}`,
        );
      case "asking": {
        out.result(
          { type: "link", ...state },
          `This device will belong to ${out.strong(safeLine(state.name))}, ${state.accountId}`,
        );
        const answer = flags["yes"] === true ? "yes" : await askWhile("Is this you? (yes / no) ", signal);
        if (signal.aborted) return;
        await api.call(answer?.trim().toLowerCase() === "yes" ? "acceptLink" : "endLink", {});
        return;
      }
      case "joined":
        return out.result(
          { type: "link", ...state },
          "This device belongs to your account now. Your chats come. For earlier messages: xchat history from DEVICE",
        );
      default:
        if (state.kind !== "none") out.result({ type: "link", ...state }, "Being added …");
    }
  });
}

/** Tells each state as it comes, until the link is over or the person breaks it off. */
async function follow(
  { api, out, signal }: CommandInput,
  tell: (state: LinkView, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  let last = "";
  let question = new AbortController();
  let telling = Promise.resolve();
  const over = new Promise<LinkView | null>((resolve, reject) => {
    const end = api.watch({ view: "link" }, (state) => {
      const now = JSON.stringify(state);
      if (now === last) return;
      last = now;
      // A question that waits for an answer is of a state that has passed.
      question.abort();
      question = new AbortController();
      const { signal: ofThis } = question;
      if (state.kind !== "ended") telling = telling.then(() => tell(state, ofThis)).catch(reject);
      if (state.kind !== "ended" && state.kind !== "added" && state.kind !== "joined") return;
      queueMicrotask(() => end());
      void telling.then(() => resolve(state));
    });
    signal.addEventListener("abort", () => {
      end();
      resolve(null);
    });
  });
  const ended = await over.finally(() => question.abort());
  await api.call("endLink", {});
  if (ended === null) {
    await api.call("endLink", {});
    return EXIT.refused;
  }
  if (ended.kind !== "ended") return EXIT.done;
  out.result({ type: "link", ...ended }, linkEndWords(ended));
  return EXIT.refused;
}

export const devices: Command = {
  usage: "devices   devices rename ID NAME   devices remove ID",
  does: "the devices of your account; one that is lost is removed from any other",
  flags: [],
  isOfNews: true,
  run: async (input) => {
    const [verb, wanted, name, ...rest] = input.args;
    if (verb === undefined) return list(input);
    if (verb === "rename" && wanted !== undefined && name !== undefined && rest.length === 0) {
      const { id } = await findDevice(input, wanted);
      await input.api.call("renameDevice", { id, name });
      return list(input);
    }
    if (verb === "remove" && wanted !== undefined && name === undefined) {
      const { id } = await findDevice(input, wanted);
      await input.api.call("removeDevice", { id, passphrase: await presentPassphrase(input) });
      input.out.note("Removed. Your chats get new keys one by one; what it has already, it keeps.");
      return list(input);
    }
    throw new UsageError("devices, devices rename ID NAME, or devices remove ID");
  },
};

async function list({ api, out }: CommandInput): Promise<void> {
  const found = await view(api, { view: "devices" });
  if (found.isRemoved) out.note("This device was removed from your account. What is here is kept, to read and export.");
  for (const device of found.devices) out.result({ type: "device", ...device }, deviceWords(device));
  const { take, give, isOffered } = found.history;
  if (isOffered || take !== null || give.length > 0) out.note("Earlier messages: see xchat history");
  if (found.work !== null) {
    const { done, total, failing } = found.work;
    out.result(
      { type: "device-work", ...found.work },
      `${done} of ${total} chats follow the list${failing.length > 0 ? `; tried again: ${failing.length}` : ""}.`,
    );
  }
}

function deviceWords({ id, name, isThis, addedAt, isLinked }: DeviceView): string {
  const notes = [isThis ? "this device" : "", isLinked ? "" : "not finished: remove it, then link it again"];
  const added = new Date(addedAt).toISOString().slice(0, 10);
  const more = notes.filter((note) => note !== "").map((note) => `, ${note}`);
  return `${id.slice(0, 8)}  ${name === null ? "(no name)" : safeLine(name)}, added ${added}${more.join("")}`;
}

/** By its name, or the beginning of its id. @throws IntentError, UsageError */
export async function findDevice({ api }: CommandInput, wanted: string): Promise<DeviceView> {
  const { devices: all } = await view(api, { view: "devices" });
  const named = all.filter(({ name }) => name?.toLowerCase() === wanted.toLowerCase());
  const [one, another] = named.length > 0 ? named : byBeginning(all, wanted);
  if (one === undefined) throw new IntentError("device-missing");
  if (another !== undefined) throw new UsageError(`More than one is meant by ${wanted}: give more of the id.`);
  return one;
}

async function presentPassphrase({ api, environment }: CommandInput): Promise<string | null> {
  const profile = await view(api, { view: "profile" });
  if (profile.state !== "ready" || !profile.hasPassphrase) return null;
  return environment["XCHAT_PASSPHRASE"] ?? (await askPassphrase("Passphrase of this device: "));
}
