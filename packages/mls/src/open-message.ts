/** From the bytes of a message to what it says, or to the reason why not. */
import { ok, type Result } from "@xchat/codec";
import type { GroupRefusal, Opened } from "@xchat/protocol";
import { applyCommit, type CommitDeps } from "./commit.ts";
import { withPastTree, withTree, type EpochView, type MlsGroup } from "./mls-group.ts";
import {
  CONTENT_APPLICATION,
  CONTENT_COMMIT,
  decodePrivateMessage,
  openContent,
  openSenderData,
  readApplication,
  type FramingCrypto,
  type PrivateMessage,
} from "./private-message.ts";
import { refuse } from "./refusal.ts";
import { takeReceivingKey, type SecretTree } from "./secret-tree.ts";
import { equalBytes } from "@xchat/codec";

export interface OpenDeps extends CommitDeps {
  readonly framing: FramingCrypto;
}

/** The epoch that a message belongs to, and how a group comes of its tree. */
interface Place {
  readonly view: EpochView;
  readonly tree: SecretTree;
  readonly isPast: boolean;
  readonly put: (tree: SecretTree) => MlsGroup;
}

export async function openMessage(
  deps: OpenDeps,
  group: MlsGroup,
  encoded: Uint8Array,
): Promise<Result<Opened, GroupRefusal>> {
  const decoded = decodePrivateMessage(encoded);
  if (!decoded.ok) return refuse(decoded.error);
  const message = decoded.value;
  if (!equalBytes(message.groupId, group.groupId)) return refuse("wrong-group");
  if (message.epoch > group.epoch) return refuse("epoch-ahead");
  if (message.contentType !== CONTENT_APPLICATION && message.contentType !== CONTENT_COMMIT)
    return refuse("unsupported");
  const place = placeOf(group, message.epoch);
  // The commit that would end an epoch which has ended already: for whoever resolves forks, from a saved group.
  if (place === null || (place.isPast && message.contentType === CONTENT_COMMIT)) return refuse("epoch-too-old");
  return openInEpoch(deps, place, message);
}

function placeOf(group: MlsGroup, epoch: number): Place | null {
  const { fixed, tree, pastTrees } = group;
  if (epoch === group.epoch) {
    return { view: fixed.present, tree, isPast: false, put: (moved) => withTree(group, moved) };
  }
  const index = fixed.past.findIndex(({ view }) => view.epoch === epoch);
  const past = fixed.past[index];
  const pastTree = pastTrees[index];
  if (past === undefined || pastTree === undefined) return null;
  return { view: past.view, tree: pastTree, isPast: true, put: (moved) => withPastTree(group, index, moved) };
}

async function openInEpoch(
  deps: OpenDeps,
  place: Place,
  message: PrivateMessage,
): Promise<Result<Opened, GroupRefusal>> {
  const { framing } = deps;
  const { view } = place;
  const senderData = await openSenderData(framing, view, message);
  if (senderData === null) return refuse("not-authentic");
  if (senderData.leaf === view.ownLeaf) return refuse("own-message");
  const sender = view.members.get(senderData.leaf);
  if (sender === undefined) return refuse("not-authentic");
  const kind = message.contentType === CONTENT_APPLICATION ? "application" : "handshake";
  const taken = takeReceivingKey(deps.kdf, place.tree, sender.leaf, kind, senderData.generation);
  if (!taken.ok) return refuse(taken.error === "no-such-leaf" ? "not-authentic" : taken.error);
  const { messageKey, tree } = taken.value;
  const content = await openContent(framing, view, message, messageKey, senderData.reuseGuard);
  if (content === null) return refuse("not-authentic");
  const moved = place.put(tree);
  if (kind === "handshake") {
    const applied = await applyCommit(deps, moved, sender, message, content);
    return applied.ok ? ok({ kind: "commit", ...applied.value }) : applied;
  }
  const plaintext = await readApplication(framing, view, sender, message, content);
  if (!plaintext.ok) return refuse(plaintext.error);
  return ok({
    kind: "application",
    sender,
    epoch: message.epoch,
    plaintext: plaintext.value,
    authenticatedData: message.authenticatedData.slice(),
    group: moved,
  });
}
