/** Coming into a group by a link: asking, and giving up. */
import { knownWords, shortId } from "../describe.ts";
import { safeLine, safeText } from "../safe-text.ts";
import { byBeginning, onlyOne, textFlag, UsageError, view, type CommandInput } from "./command.ts";

export async function askToJoin({ api, out, flags }: CommandInput, text: string): Promise<void> {
  const preview = await api.call("previewGroupLink", { text });
  const { by, description, members, needsApproval } = preview;
  const name = preview.name === "" ? "A group without a name" : safeLine(preview.name);
  out.note(`${name}, ${members === 1 ? "1 person" : `${members} people`}, by a link of ${safeLine(by.name)}.`);
  if (description !== "") out.note(safeText(description));
  if (by.known !== null) out.note(`Whose link it is: ${knownWords(by.known)}.`);
  const { group, chat } = await api.call("joinGroup", { text, greeting: textFlag(flags, "greeting") ?? "" });
  const fields = { type: "joining", group, name: preview.name, needsApproval };
  if (chat !== null) {
    out.result({ ...fields, state: "in" }, `You are in it already: xchat send ${shortId(chat)} TEXT`);
    return;
  }
  out.result(
    { ...fields, state: "asked" },
    needsApproval
      ? `Your request is on its way to ${out.strong(name)}: an admin has to agree. A no is not told; see xchat chats.`
      : `Your request is on its way to ${out.strong(name)}: you are in as soon as a device of somebody there is online.`,
  );
}

export async function giveUp({ api, out }: CommandInput, [wanted = ""]: readonly string[]): Promise<void> {
  if (wanted === "") throw new UsageError("group give-up ID: see xchat chats");
  const joining = (await view(api, { view: "joining" })).map((one) => ({ ...one, id: one.group }));
  const { group } = onlyOne(byBeginning(joining, wanted), wanted, "request-gone");
  await api.call("giveUpJoining", { group });
  out.result({ type: "joining", group, state: "given-up" }, "You wait no more.");
}
