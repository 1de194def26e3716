/**
 * Letting somebody in: what they are given is put together when the commit that adds them counts, kept until they are heard
 * in the group, and sent through the chat with them (spec/group.md, section 9), or put where they look for it.
 */
import { encodeIntroduction, type AccountId, type GroupRecord, type Introduction } from "@xchat/protocol";
import { ownAccount } from "../chat/authors.ts";
import { nextSealed } from "../chat/enter.ts";
import type { Step } from "../chat/step.ts";
import { deleteRequest } from "../group-link/join-requests.ts";
import { answerByLink } from "../group-link/let-in.ts";

/** For everybody whom the commit has let in, but for own devices, and as far as they are still here. */
export async function introduce(step: Step, added: readonly AccountId[], welcome: Uint8Array): Promise<void> {
  const self = ownAccount(step.core);
  const here = new Set(step.state.side.leaves.map(({ account }) => account));
  const newcomers = added.filter((account) => account !== self && here.has(account));
  if (newcomers.length === 0) return;
  const introduction = await introductionOf(step, welcome);
  const encoded = encodeIntroduction(introduction);
  for (const account of newcomers) {
    if (!(await isAnswered(step, account, introduction))) step.core.introductions.put(step, account, encoded);
  }
}

/** Who has asked by a link is told where they look for the answer: they need be nobody's contact. */
async function isAnswered(step: Step, account: AccountId, introduction: Introduction): Promise<boolean> {
  const { links } = step.core;
  const request = links.answering(step.id, account);
  return request !== null && answerByLink(step, request, introduction, () => links.answered(request));
}

/** Another device has let in whom this one was about to: theirs is the answer. */
export function answeredElsewhere(step: Step, record: GroupRecord | null): void {
  const { links } = step.core;
  for (const action of record?.actions ?? []) {
    const request = action.kind === "added" ? links.answering(step.id, action.account) : null;
    if (request === null) continue;
    step.changes.push(deleteRequest(request));
    step.after.push(() => links.answered(request));
  }
}

async function introductionOf(step: Step, welcome: Uint8Array): Promise<Introduction> {
  const { roster, log } = step.state;
  return {
    version: 1,
    conversation: log.conversation,
    welcome,
    leaves: Array.from(roster.leaves, ([leafKey, { account }]) => ({ leafKey, account })),
    start: await startOf(step),
    people: namesOf(step),
    lineDepth: roster.lineDepth,
  };
}

/** What waits here to be sealed comes after the Welcome, and is no history. */
async function startOf(step: Step): Promise<Introduction["start"]> {
  const { log } = step.state;
  const start: Introduction["start"][number][] = [];
  for (const [author, { tip }] of log.authors) {
    if (tip !== null && author !== log.self) start.push({ author, ...tip });
  }
  const sealed = (await nextSealed(step)) - 1;
  if (sealed < 0) return start;
  const [own] = await step.core.store.eventsOfAuthor(step.id, log.self, sealed, 1);
  const newest =
    [...step.events.values()].find((event) => event.author === log.self && event.sequence === sealed) ?? own;
  if (newest !== undefined && newest.sequence === sealed) {
    start.push({ author: log.self, sequence: sealed, id: newest.id, depth: newest.depth });
  }
  return start;
}

function namesOf({ core, state: { roster, side } }: Step): Introduction["people"] {
  const self = ownAccount(core);
  const present = new Set<AccountId>(side.leaves.map(({ account }) => account));
  return [...present].flatMap((account) => {
    const name =
      account === self
        ? core.profile().name
        : (roster.people.get(account)?.name ?? core.contacts.get(account)?.name ?? "");
    return name === "" ? [] : [{ account, name }];
  });
}
