/** How others come into a group by themselves: links, and who asks by one. */
import { shortId } from "../describe.ts";
import { joinRequestWords, linkWords } from "../describe-group.ts";
import { qrText } from "../qr-text.ts";
import { byBeginning, numberFlag, onlyOne, UsageError } from "./command.ts";
import type { GroupInput } from "./group.ts";

const DEFAULT_DAYS = 7;
const MAX_DAYS = 365;

export async function link(input: GroupInput): Promise<void> {
  const [verb, id, ...more] = input.rest;
  if (verb === undefined) return makeLink(input);
  if (verb === "list" && id === undefined) return listLinks(input);
  if (verb === "revoke" && id !== undefined && more.length === 0) return revokeLink(input, id);
  throw new UsageError("group link CHAT, group link CHAT list, or group link CHAT revoke ID");
}

async function makeLink({ api, out, chat, flags }: GroupInput): Promise<void> {
  const isEndless = flags["no-end"] === true;
  if (isEndless && flags["days"] !== undefined) throw new UsageError("--days or --no-end, not both");
  const days = isEndless ? null : numberFlag(flags, "days", DEFAULT_DAYS, MAX_DAYS);
  const needsApproval = flags["open"] !== true;
  const made = await api.call("createGroupLink", { chat: chat.id, needsApproval, days });
  if (process.stdout.isTTY === true && !out.isJson) out.note(qrText(made.link));
  out.result({ type: "group-link", chat: chat.id, ...made, needsApproval, days }, made.link);
  out.note(
    needsApproval
      ? `\nWhoever has it can ask to come in. What comes of it: xchat group requests ${shortId(chat.id)}`
      : "\nWhoever has it comes in, as soon as a device of somebody who may add is online.",
  );
}

async function listLinks({ out, chat, group }: GroupInput): Promise<void> {
  if (group.links.length === 0) out.note("There are none.");
  for (const one of group.links) out.result({ type: "group-link", chat: chat.id, ...one }, linkWords(one, out));
}

async function revokeLink({ api, out, chat, group }: GroupInput, wanted: string): Promise<void> {
  const { id } = onlyOne(byBeginning(group.links, wanted), wanted, "group-link-gone");
  await api.call("revokeGroupLink", { chat: chat.id, id });
  out.result(
    { type: "group-link", chat: chat.id, id, state: "revoked" },
    "Taken back: nobody comes in by it any more.",
  );
}

export async function joinRequests({ api, out, chat, group, rest }: GroupInput): Promise<void> {
  const [answer, wanted] = rest;
  if (answer === undefined) {
    if (group.joinRequests.length === 0) out.note("Nobody asks to come in.");
    for (const one of group.joinRequests)
      out.result({ type: "join-request", chat: chat.id, ...one }, joinRequestWords(one, out));
    return;
  }
  if ((answer !== "accept" && answer !== "decline") || wanted === undefined)
    throw new UsageError("group requests CHAT, or group requests CHAT accept|decline ID");
  const { id } = onlyOne(byBeginning(group.joinRequests, wanted), wanted, "request-gone");
  await api.call("answerJoinRequest", { chat: chat.id, id, accept: answer === "accept" });
  out.result(
    { type: "join-request", chat: chat.id, id, answer },
    answer === "accept" ? "Saved: they are being let in." : "Declined.",
  );
}
