/** What the intents of devices do while a session is open. `api-devices.ts` is the contract. */
import type { SessionIntents } from "../intents.ts";
import type { Session } from "../session.ts";

export const deviceIntents = ({
  devices,
}: Session): Pick<
  SessionIntents,
  "startLink" | "typeLinkDigits" | "denyLink" | "endLink" | "renameDevice" | "removeDevice"
> => ({
  startLink: ({ passphrase }) => devices.startLink(passphrase),
  typeLinkDigits: async ({ digits }) => devices.link().typeDigits(digits),
  denyLink: async () => devices.link().deny(),
  endLink: () => devices.endLink(),
  renameDevice: ({ id, name }) => devices.rename(id, name),
  removeDevice: ({ id, passphrase }) => devices.remove(id, passphrase),
});
