/** Linking one more device, as its person does it on both. */
import type { ClientApi } from "@xchat/client/api";
import { until } from "./until.ts";

/** From the code to both sides' "done". */
export async function linkDevice(existing: ClientApi, fresh: ClientApi, deviceName: string): Promise<void> {
  await existing.call("startLink", { passphrase: null });
  const code = await until(existing, { view: "link" }, ({ kind }) => kind === "code");
  if (code.kind !== "code") throw new Error("no code");
  await fresh.call("enterLinkCode", { text: code.code, deviceName, passphrase: null });
  const shown = await until(fresh, { view: "link" }, ({ kind }) => kind === "showing");
  const asked = await until(existing, { view: "link" }, ({ kind }) => kind === "digits");
  if (asked.kind !== "digits" || asked.deviceName !== deviceName) throw new Error(`asked by ${JSON.stringify(asked)}`);
  await existing.call("typeLinkDigits", { digits: shown.kind === "showing" ? shown.digits : "" });
  await until(fresh, { view: "link" }, ({ kind }) => kind === "asking");
  await fresh.call("acceptLink", {});
  await until(existing, { view: "link" }, ({ kind }) => kind === "added" || kind === "ended");
  const end = await until(existing, { view: "link" }, () => true);
  if (end.kind !== "added") throw new Error(`the link ended as ${JSON.stringify(end)}`);
  await until(fresh, { view: "profile" }, ({ state }) => state === "ready");
}
