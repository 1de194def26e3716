/** What was said before a device came: asked for here, given there. */
import type { DevicesView, HistoryGiveView, HistoryTakeView } from "@xchat/client/api";
import { safeLine } from "../safe-text.ts";
import { EXIT } from "../words.ts";
import { UsageError, view, type Command, type CommandInput } from "./command.ts";
import { findDevice } from "./devices.ts";

export const history: Command = {
  usage: "history   history from DEVICE   history give DEVICE   history refuse DEVICE   history stop [DEVICE]",
  does: "earlier messages, from one of your devices to another: asked for on the new one, allowed on the other",
  flags: [],
  isOfNews: true,
  run: async (input) => {
    const [verb, wanted, ...rest] = input.args;
    const { api } = input;
    if (rest.length > 0) throw new UsageError(history.usage);
    if (verb === undefined) return show(input);
    if (verb === "stop" && wanted === undefined) {
      await api.call("endHistory", {});
      return show(input);
    }
    if (wanted === undefined) throw new UsageError(history.usage);
    const { id } = await findDevice(input, wanted);
    switch (verb) {
      case "from":
        await api.call("askHistory", { id });
        return follow(input);
      case "give":
        await api.call("answerHistory", { id, isAllowed: true });
        return show(input);
      case "refuse":
        await api.call("answerHistory", { id, isAllowed: false });
        return show(input);
      case "stop":
        await api.call("stopGivingHistory", { id });
        return show(input);
      default:
        throw new UsageError(history.usage);
    }
  },
};

async function show({ api, out }: CommandInput): Promise<void> {
  const devices = await view(api, { view: "devices" });
  const { take, give, isOffered } = devices.history;
  for (const one of give) out.result({ type: "history-give", ...one }, giveWords(devices, one));
  if (take !== null) out.result({ type: "history-take", ...take }, takeWords(devices, take));
  if (isOffered) out.note("What was said before this device came is on your others. Get it: xchat history from DEVICE");
  else if (take === null && give.length === 0) out.note("Nothing is being carried over.");
}

/** Until it is over, or the person has seen enough: it goes on without them. */
function follow({ api, out, signal }: CommandInput): Promise<number> {
  let last = "";
  return new Promise((resolve) => {
    const end = (code: number): void => {
      queueMicrotask(() => stop());
      resolve(code);
    };
    const stop = api.watch({ view: "devices" }, (devices) => {
      const { take } = devices.history;
      if (take === null) return;
      const words = takeWords(devices, take);
      if (words !== last) out.result({ type: "history-take", ...take }, words);
      last = words;
      if (take.state === "done") end(EXIT.done);
      if (take.state === "stopped" || take.state === "declined") end(EXIT.refused);
    });
    signal.addEventListener("abort", () => end(EXIT.done), { once: true });
  });
}

const nameOf = ({ devices }: DevicesView, id: string): string => {
  const name = devices.find((device) => device.id === id)?.name ?? null;
  return name === null ? id.slice(0, 8) : safeLine(name);
};

const percent = ({ done, total }: { readonly done: number; readonly total: number }): string =>
  total === 0 ? "" : `, ${Math.floor((100 * done) / total)} %`;

function takeWords(devices: DevicesView, take: HistoryTakeView): string {
  const name = nameOf(devices, take.device);
  const left = take.refused === 0 ? "" : ` Left out, since not as its author has written it: ${take.refused}.`;
  switch (take.state) {
    case "asked":
      return `Asked. Now say yes on ${name}: in the app under Settings, Devices, or xchat history give DEVICE`;
    case "coming":
      return `Earlier messages are coming from ${name}${percent(take)}`;
    case "waiting":
      return `Waiting for ${name}: it has to be open and connected${percent(take)}`;
    case "done":
      return `Your earlier messages are here: ${take.events}.${left}`;
    case "stopped":
      return `Stopped before all had come: ${take.events} are here.${left}`;
    case "declined":
      return `${name} has said no. Nothing was given.`;
  }
}

function giveWords(devices: DevicesView, give: HistoryGiveView): string {
  const name = nameOf(devices, give.device);
  const id = give.device.slice(0, 8);
  switch (give.state) {
    case "asks":
      return `${name} asks for your earlier messages. Only if you asked there just now: xchat history give ${id}, or history refuse ${id}`;
    case "preparing":
    case "giving":
      return `${name} gets your earlier messages${percent(give)}. To end it: xchat history stop ${id}`;
  }
}
