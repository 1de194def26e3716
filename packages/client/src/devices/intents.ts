/** What the intents of devices do while a session is open. `api-devices.ts` is the contract. */
import type { SessionIntents } from "../intents.ts";
import type { Session } from "../session.ts";

export const deviceIntents = ({
  devices,
  siblings,
}: Session): Pick<
  SessionIntents,
  | "startLink"
  | "typeLinkDigits"
  | "denyLink"
  | "endLink"
  | "renameDevice"
  | "removeDevice"
  | "askHistory"
  | "endHistory"
  | "answerHistory"
  | "stopGivingHistory"
> => ({
  startLink: ({ passphrase }) => devices.startLink(passphrase),
  typeLinkDigits: async ({ digits }) => devices.link().typeDigits(digits),
  denyLink: async () => devices.link().deny(),
  endLink: () => devices.endLink(),
  renameDevice: ({ id, name }) => devices.rename(id, name),
  removeDevice: ({ id, passphrase }) => devices.remove(id, passphrase),
  askHistory: ({ id }) => siblings.history.ask(id),
  endHistory: () => siblings.history.end(),
  answerHistory: ({ id, isAllowed }) => siblings.history.answer(id, isAllowed),
  stopGivingHistory: ({ id }) => siblings.history.stopGiving(id),
});
