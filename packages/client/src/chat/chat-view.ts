/** A chat as a person sees it. */
import { missingCount, roleOf, standing, type AccountId } from "@xchat/protocol";
import type { ChatView, GroupChatView, PairChatView, PersonView } from "../api.ts";
import { mayWrite } from "../group/group-view.ts";
import { personView } from "../group/people.ts";
import type { ContactRecord, EventRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { ownAccount } from "./authors.ts";
import { disappearAfter } from "./content-timer.ts";
import type { Epoch } from "./epochs.ts";
import { messageView, type MessageContext, type QueuedReason } from "./message-view.ts";
import { noticeView } from "./notices.ts";
import type { ChatState } from "./step.ts";

export interface ChatSummary {
  readonly last: EventRecord | null;
  readonly unread: number;
}

/** Why an own message has not left the device. */
export function queuedReason({ pool }: SessionCore, { record, epochs }: ChatState): QueuedReason {
  if (record.state === "waiting") return "waiting-for-acceptance";
  const states = (epochs.at(-1) as Epoch).nodes.map(({ hint }) => pool.access(hint).state);
  if (states.some((state) => state === "ready")) return "sending";
  if (states.every((state) => state === "key-changed")) return "node-refuses";
  if (states.every((state) => state === "no-relay")) return "no-relay";
  return states.some((state) => state === "clock-wrong") ? "clock-wrong" : "no-node";
}

export function messageContext(core: SessionCore, state: ChatState): MessageContext {
  const { roster, side } = state;
  const person = (account: AccountId): PersonView => personView(core, roster, account);
  const isPair = side.state.kind === "pair";
  return {
    queuedWhy: queuedReason(core, state),
    person,
    author: (event) => {
      const leaf = isPair || event.kind === "record" ? undefined : roster.leaves.get(event.author);
      return leaf === undefined ? null : person(leaf.account);
    },
  };
}

const AWAY: ReadonlySet<QueuedReason> = new Set(["no-node", "no-relay", "clock-wrong"]);

interface ViewInput {
  readonly state: ChatState;
  readonly summary: ChatSummary;
  readonly messages: MessageContext;
  readonly isDirect: boolean;
}

export function pairView(input: ViewInput, contact: ContactRecord): PairChatView {
  return {
    kind: "pair",
    ...common(input),
    name: contact.petname ?? contact.name,
    theirName: contact.name,
    petname: contact.petname,
    accountId: contact.accountId,
    isVerified: contact.isVerified,
    isBlocked: contact.isBlocked,
    mayDirect: contact.mayDirect,
  };
}

export function groupChatView(input: ViewInput, core: SessionCore): GroupChatView {
  const { side, record } = input.state;
  const group = standing(side.state, side.leaves);
  return {
    kind: "group",
    ...common(input),
    name: side.state.name ?? "",
    picture: shownPicture(core, input.state),
    memberCount: group.present.size,
    role: record.state === "active" ? roleOf(group, ownAccount(core)) : null,
    mayWrite: mayWrite(core, input.state),
  };
}

function shownPicture({ pictures }: SessionCore, { side, record }: ChatState): string | null {
  const { picture } = side.state;
  return picture !== null && pictures.isHere(record.id, picture.blob) ? picture.blob : null;
}

function common({
  state,
  summary,
  messages,
  isDirect,
}: ViewInput): Omit<PairChatView | GroupChatView, "name" | "kind"> {
  const { record, epochs, shared } = state;
  const { queuedWhy } = messages;
  return {
    id: record.id,
    state: record.state,
    way: isDirect ? "direct" : AWAY.has(queuedWhy) ? "none" : "nodes",
    unread: summary.unread,
    draft: record.draft,
    disappearAfter: disappearAfter(state),
    last: summary.last === null ? null : lastView(summary.last, messages),
    activeAt: record.activeAt,
    missing: missingCount(state.log),
    homeNodes: (epochs.at(-1) as Epoch).nodes.map(({ hint }) => hint.address),
    notices: shared.notices.map(noticeView),
  };
}

function lastView(last: EventRecord, messages: MessageContext): NonNullable<ChatView["last"]> {
  const { isOwn, author, content, delivery } = messageView(last, messages);
  const record = content.kind === "record" && { record: content.record };
  return { kind: content.kind, text: last.text, at: last.sentAt, isOwn, author, delivery, ...record };
}
