/** From the bytes of a message to what it says, or to the reason why not. */
import { equalBytes, ok, type Result } from "@xchat/codec";
import type { Commit, GroupRefusal, Member, Opened } from "@xchat/protocol";
import { applyCommit, type AppliedCommit } from "./apply-commit.ts";
import type { CommitDeps } from "./commit.ts";
import { applyExternalCommit, isPublicMessage } from "./external-commit.ts";
import {
  asMlsGroup,
  enterEpoch,
  markRemoved,
  startGroup,
  withPastTree,
  withTree,
  type EpochView,
  type MlsGroup,
} from "./mls-group.ts";
import {
  CONTENT_APPLICATION,
  CONTENT_COMMIT,
  decodePrivateMessage,
  openContent,
  openSenderData,
  readApplication,
  type FramingCrypto,
  type PrivateMessage,
  type SenderData,
} from "./private-message.ts";
import { refuse, type RefusalReason } from "./refusal.ts";
import { takeReceivingKey, type MessageKey, type SecretTree } from "./secret-tree.ts";

export interface OpenDeps extends CommitDeps {
  readonly framing: FramingCrypto;
}

/** The epoch that a message belongs to, and how a group comes of its tree. */
interface Place {
  readonly view: EpochView;
  readonly tree: SecretTree;
  readonly put: (tree: SecretTree) => MlsGroup;
}

/** See `open` in the port. */
export async function openMessage(
  deps: OpenDeps,
  group: MlsGroup,
  encoded: Uint8Array,
): Promise<Result<Opened, GroupRefusal>> {
  const enter = (applied: AppliedCommit, moved: MlsGroup): MlsGroup =>
    applied.state === null ? markRemoved(moved) : enterEpoch(deps.kdf, moved, applied.state, deps.rules.now());
  if (isPublicMessage(encoded)) {
    const applied = await applyExternalCommit(deps, group, encoded);
    return applied.ok ? ok(openedCommit(applied.value, enter(applied.value, group))) : applied;
  }
  const read = readMessage(group, encoded);
  if (!read.ok) return read;
  const message = read.value;
  const found = await findPlace(deps, group, message);
  if (!found.ok) return found;
  const { place, senderData } = found.value;
  if (message.contentType === CONTENT_COMMIT) {
    // The commit that would end an epoch which has ended already: for whoever resolves forks, by `evaluate`.
    if (place.view !== group.fixed.present) return refuse("epoch-too-old");
    const applied = await openCommit(deps, group, message, senderData);
    return applied.ok ? ok(openedCommit(applied.value, enter(applied.value, applied.value.moved))) : applied;
  }
  return openApplication(deps, place, message, senderData);
}

/** See `messageKind` in the port. */
export function messageKind(encoded: Uint8Array): "application" | "commit" | null {
  // The one PublicMessage that is read is an external commit.
  if (isPublicMessage(encoded)) return "commit";
  const read = decodePrivateMessage(encoded);
  if (!read.ok) return null;
  const { contentType } = read.value;
  if (contentType === CONTENT_APPLICATION) return "application";
  return contentType === CONTENT_COMMIT ? "commit" : null;
}

/** See `evaluate` in the port. */
export async function evaluateCommit(
  deps: OpenDeps,
  parent: MlsGroup,
  encoded: Uint8Array,
): Promise<Result<Commit, GroupRefusal>> {
  const applied = isPublicMessage(encoded)
    ? await applyExternalCommit(deps, parent, encoded)
    : await openPresentCommit(deps, parent, encoded);
  if (!applied.ok) return applied;
  const { facts, state } = applied.value;
  // On its own: what can still be read of earlier epochs comes with `adopt`, as it is by then.
  const group = state === null ? markRemoved(withoutPast(parent)) : startGroup(state, state.clientConfig);
  return ok({ ...facts, group });
}

const withoutPast = (group: MlsGroup): MlsGroup => ({
  ...group,
  fixed: { ...group.fixed, past: [] },
  pastTrees: [],
});

const openedCommit = ({ facts }: AppliedCommit, group: MlsGroup): Opened => ({ kind: "commit", ...facts, group });

function readMessage(group: MlsGroup, encoded: Uint8Array): Result<PrivateMessage, GroupRefusal> {
  const decoded = decodePrivateMessage(encoded);
  if (!decoded.ok) return refuse(decoded.error);
  const message = decoded.value;
  if (!equalBytes(message.groupId, group.groupId)) return refuse("wrong-group");
  const isKnown = message.contentType === CONTENT_APPLICATION || message.contentType === CONTENT_COMMIT;
  return isKnown ? decoded : refuse("unsupported");
}

/** By its number, and where branches share a number by who can open the sender data (M4). */
async function findPlace(
  { framing }: OpenDeps,
  group: MlsGroup,
  message: PrivateMessage,
): Promise<Result<{ readonly place: Place; readonly senderData: SenderData }, GroupRefusal>> {
  const places = placesOf(group, message.epoch);
  for (const place of places) {
    const senderData = await openSenderData(framing, place.view, message);
    if (senderData !== null) return ok({ place, senderData });
  }
  if (message.epoch > group.epoch) return refuse("epoch-ahead");
  return refuse(places.length === 0 ? "epoch-too-old" : "not-authentic");
}

function placesOf(group: MlsGroup, epoch: number): readonly Place[] {
  const { fixed, tree, pastTrees } = group;
  const places: Place[] = [];
  if (epoch === group.epoch) places.push({ view: fixed.present, tree, put: (moved) => withTree(group, moved) });
  for (const [index, past] of fixed.past.entries()) {
    const pastTree = pastTrees[index];
    if (past.view.epoch !== epoch || pastTree === undefined) continue;
    places.push({ view: past.view, tree: pastTree, put: (moved) => withPastTree(group, index, moved) });
  }
  return places;
}

interface OpenedContent {
  readonly sender: Member;
  readonly content: Uint8Array;
  /** The tree without the key that was used. */
  readonly tree: SecretTree;
}

async function openFor(
  deps: OpenDeps,
  { view, tree }: Pick<Place, "view" | "tree">,
  message: PrivateMessage,
  senderData: SenderData,
): Promise<Result<OpenedContent, GroupRefusal>> {
  if (senderData.leaf === view.ownLeaf) return refuse(await judgeOwn(deps, { view, tree }, message, senderData));
  const sender = view.members.get(senderData.leaf);
  if (sender === undefined) return refuse("not-authentic");
  const kind = message.contentType === CONTENT_APPLICATION ? "application" : "handshake";
  const taken = takeReceivingKey(deps.kdf, tree, sender.leaf, kind, senderData.generation);
  if (!taken.ok) return refuse(taken.error === "no-such-leaf" ? "not-authentic" : taken.error);
  const { messageKey, tree: moved } = taken.value;
  const content = await openContent(deps.framing, view, message, messageKey, senderData.reuseGuard);
  return content === null ? refuse("not-authentic") : ok({ sender, content, tree: moved });
}

/**
 * Any member can put our leaf into the sender data: only our signature proves that a copy of this device has sealed what it
 * has not.
 */
async function judgeOwn(
  deps: OpenDeps,
  { view, tree }: Pick<Place, "view" | "tree">,
  message: PrivateMessage,
  { generation, reuseGuard }: SenderData,
): Promise<RefusalReason> {
  const own = view.members.get(view.ownLeaf);
  if (message.contentType !== CONTENT_APPLICATION || own === undefined) return "own-message";
  const taken = takeReceivingKey(deps.kdf, tree, view.ownLeaf, "application", generation);
  // A generation that this device has used, or an epoch whose own ratchet is gone.
  if (!taken.ok) return taken.error === "too-many-skipped" ? taken.error : "own-message";
  const content = await openContent(deps.framing, view, message, taken.value.messageKey, reuseGuard);
  if (content === null) return "not-authentic";
  return (await readApplication(deps.framing, view, own, message, content)).ok ? "sent-by-copy" : "not-authentic";
}

async function openPresentCommit(
  deps: OpenDeps,
  parent: MlsGroup,
  encoded: Uint8Array,
): Promise<Result<AppliedCommit, GroupRefusal>> {
  const read = readMessage(parent, encoded);
  if (!read.ok) return read;
  const message = read.value;
  if (message.contentType !== CONTENT_COMMIT) return refuse("unsupported", "not a commit");
  if (message.epoch !== parent.epoch) return refuse(message.epoch > parent.epoch ? "epoch-ahead" : "epoch-too-old");
  const senderData = await openSenderData(deps.framing, parent.fixed.present, message);
  return senderData === null ? refuse("not-authentic") : openCommit(deps, parent, message, senderData);
}

async function openCommit(
  deps: OpenDeps,
  group: MlsGroup,
  message: PrivateMessage,
  senderData: SenderData,
): Promise<Result<AppliedCommit & { readonly moved: MlsGroup }, GroupRefusal>> {
  const opened = await openFor(deps, { view: group.fixed.present, tree: group.tree }, message, senderData);
  if (!opened.ok) return opened;
  const { sender, content, tree } = opened.value;
  const applied = await applyCommit(deps, group, sender, message, content);
  return applied.ok ? ok({ ...applied.value, moved: withTree(group, tree) }) : applied;
}

async function openApplication(
  deps: OpenDeps,
  place: Place,
  message: PrivateMessage,
  senderData: SenderData,
): Promise<Result<Opened, GroupRefusal>> {
  const opened = await openFor(deps, place, message, senderData);
  if (!opened.ok) return opened;
  const { sender, content, tree } = opened.value;
  const plaintext = await readApplication(deps.framing, place.view, sender, message, content);
  return plaintext.ok
    ? ok(openedApplication(sender, message, plaintext.value, place.put(tree)))
    : refuse(plaintext.error);
}

const openedApplication = (
  sender: Member,
  message: PrivateMessage,
  plaintext: Uint8Array,
  group: MlsGroup,
): Extract<Opened, { readonly kind: "application" }> => ({
  kind: "application",
  sender,
  epoch: message.epoch,
  plaintext,
  authenticatedData: message.authenticatedData.slice(),
  group,
});

// ---- several at once

/** An application message with its key, as if every message before it were sound. */
interface Foreseen {
  readonly message: PrivateMessage;
  readonly view: EpochView;
  readonly sender: Member;
  readonly messageKey: MessageKey;
  readonly reuseGuard: Uint8Array;
  readonly group: MlsGroup;
}

/**
 * See `openInOrder` in the port. Keys are taken one after the other; what has to be waited for is waited for together. Once
 * a message is not what was foreseen, it and all behind it are opened as ever: nobody can make it cost more than twice.
 */
export async function openMessages(
  deps: OpenDeps,
  group: MlsGroup,
  encoded: readonly Uint8Array[],
): Promise<readonly Result<Opened, GroupRefusal>[]> {
  const found = await Promise.all(encoded.map((one) => findApplication(deps, group, one)));
  let reached = group;
  const foreseen: Foreseen[] = [];
  for (const one of found) {
    const next = one === null ? null : foresee(deps, reached, one);
    if (next === null) break;
    foreseen.push(next);
    reached = next.group;
  }
  const plaintexts = await Promise.all(foreseen.map((one) => readForeseen(deps, one)));
  const results: Result<Opened, GroupRefusal>[] = [];
  let now = group;
  for (const [index, one] of foreseen.entries()) {
    const plaintext = plaintexts[index];
    if (plaintext === undefined || plaintext === null) break;
    results.push(ok(openedApplication(one.sender, one.message, plaintext, one.group)));
    now = one.group;
  }
  for (const one of encoded.slice(results.length)) {
    const opened = await openMessage(deps, now, one);
    results.push(opened);
    if (opened.ok) now = asMlsGroup(opened.value.group);
  }
  return results;
}

interface FoundApplication {
  readonly message: PrivateMessage;
  readonly view: EpochView;
  readonly senderData: SenderData;
}

async function findApplication(deps: OpenDeps, group: MlsGroup, encoded: Uint8Array): Promise<FoundApplication | null> {
  const read = isPublicMessage(encoded) ? null : readMessage(group, encoded);
  if (read === null || !read.ok || read.value.contentType !== CONTENT_APPLICATION) return null;
  const found = await findPlace(deps, group, read.value);
  return found.ok ? { message: read.value, view: found.value.place.view, senderData: found.value.senderData } : null;
}

/** `group`: as the messages before it leave it. Epochs do not change by them. */
function foresee(deps: OpenDeps, group: MlsGroup, { message, view, senderData }: FoundApplication): Foreseen | null {
  const place = placesOf(group, message.epoch).find((one) => one.view === view);
  const sender = view.members.get(senderData.leaf);
  if (place === undefined || sender === undefined || senderData.leaf === view.ownLeaf) return null;
  const taken = takeReceivingKey(deps.kdf, place.tree, sender.leaf, "application", senderData.generation);
  if (!taken.ok) return null;
  const { messageKey, tree } = taken.value;
  return { message, view, sender, messageKey, reuseGuard: senderData.reuseGuard, group: place.put(tree) };
}

async function readForeseen(
  { framing }: OpenDeps,
  { message, view, sender, messageKey, reuseGuard }: Foreseen,
): Promise<Uint8Array | null> {
  const content = await openContent(framing, view, message, messageKey, reuseGuard);
  if (content === null) return null;
  const plaintext = await readApplication(framing, view, sender, message, content);
  return plaintext.ok ? plaintext.value : null;
}
