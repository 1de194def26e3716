/** What the scripted client does when a group is changed: at once, as if a commit had been applied. */
import type { ChatView, GroupActionView, GroupView, IntentName, MessageView } from "@xchat/client/api";
import { toBase64Url } from "../group/small-picture.ts";
import { GROUPS, LAKE, ME } from "./group-scenes.ts";
import { message } from "./scenes.ts";

export interface GroupDeed {
  readonly group: GroupView;
  readonly record: MessageView | null;
  readonly answer: unknown;
}

const done = (group: GroupView, action: GroupActionView | null = null, answer: unknown = undefined): GroupDeed => ({
  group,
  record:
    action === null
      ? null
      : message("", Date.now(), null, {
          author: ME,
          content: { kind: "record", record: { by: ME, actions: [action] } },
        }),
  answer,
});

/** The chat of a group, with the picture that the group has now. */
export const pictured = (chat: ChatView, { picture }: GroupView): ChatView =>
  chat.kind === "group" ? { ...chat, picture: picture?.id ?? null } : chat;

/** Evening at a lake. */
async function lake(): Promise<{ readonly id: string; readonly jpeg: string }> {
  const canvas = new OffscreenCanvas(256, 256);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  const sky = context.createLinearGradient(0, 0, 0, 256);
  for (const [at, colour] of [
    [0, "#31445f"],
    [0.5, "#f2a65a"],
    [0.55, "#1f3a4d"],
    [1, "#0b1720"],
  ] as const)
    sky.addColorStop(at, colour);
  context.fillStyle = sky;
  context.fillRect(0, 0, 256, 256);
  context.fillStyle = "#fff1cf";
  context.arc(170, 118, 26, 0, 7);
  context.fill();
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
  return { id: LAKE, jpeg: await toBase64Url(blob) };
}

/** Null for an intent that is about no group. */
export function groupDeed(group: GroupView, intent: IntentName, input: any): GroupDeed | null {
  const found = group.members.find(({ accountId }) => accountId === input.accountId);
  const others = group.members.filter((one) => one !== found);
  switch (intent) {
    case "setGroupInfo": {
      const { name = group.name, description = group.description } = input;
      const action = input.name === undefined ? { kind: "description" as const } : { kind: "name" as const, to: name };
      return done({ ...group, name, description }, action);
    }
    case "setGroupPicture": {
      const picture = input.jpeg === null ? null : { id: LAKE, isHere: true };
      return done({ ...group, picture }, { kind: "picture" });
    }
    case "groupPicture":
      return done(group, null, lake());
    case "removeMember":
      if (found === undefined) return done(group);
      return done({ ...group, members: others }, { kind: "removed", person: found });
    case "setRole":
      if (found === undefined) return done(group);
      return done(
        { ...group, members: [...others, { ...found, role: input.role }] },
        { kind: "role", person: found, to: input.role },
      );
    case "setPermission":
      return done(
        { ...group, permissions: { ...group.permissions, [input.name]: input.holder } },
        { kind: "permission", name: input.name, to: input.holder },
      );
    case "setDisappearing":
      return done({ ...group, disappearAfter: input.seconds }, { kind: "timer", to: input.seconds });
    case "cancelPending":
      return done({ ...group, pending: group.pending.filter(({ id }) => id !== input.id) });
    case "writeAllTheSame":
      return done({ ...group, hold: null });
    case "createGroupLink": {
      const [model] = GROUPS["choir"]?.links ?? [];
      if (model === undefined) return done(group);
      const id = `l${Math.random()}`;
      const expiresAt = input.days === null ? null : Date.now() + input.days * 86_400_000;
      const link = { ...model, id, needsApproval: input.needsApproval, expiresAt };
      return done(
        { ...group, links: [...group.links, link] },
        { kind: "link-made" },
        { id, link: link.link, code: link.code },
      );
    }
    case "revokeGroupLink":
      return done({ ...group, links: group.links.filter(({ id }) => id !== input.id) }, { kind: "link-revoked" });
    case "answerJoinRequest":
      return done({ ...group, joinRequests: group.joinRequests.filter(({ id }) => id !== input.id) });
    default:
      return null;
  }
}
