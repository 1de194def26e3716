/** From the bytes of a message to what it says, or to the reason why not. */
import { equalBytes, ok, type Result } from "@xchat/codec";
import type { Commit, GroupRefusal, Member, Opened } from "@xchat/protocol";
import { applyCommit, type AppliedCommit } from "./apply-commit.ts";
import type { CommitDeps } from "./commit.ts";
import { applyExternalCommit, isPublicMessage } from "./external-commit.ts";
import {
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
import { takeReceivingKey, type SecretTree } from "./secret-tree.ts";

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
  if (!plaintext.ok) return refuse(plaintext.error);
  return ok({
    kind: "application",
    sender,
    epoch: message.epoch,
    plaintext: plaintext.value,
    authenticatedData: message.authenticatedData.slice(),
    group: place.put(tree),
  });
}
