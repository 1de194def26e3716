/**
 * Random histories of a group on the interface of ts-mls alone, so that one and the same history can be run on the mended
 * library and on the stock one. After each commit every member applies it, every newcomer joins from the Welcome, and all
 * must agree on the next exporter.
 */
import type * as Library from "ts-mls";
import type { CiphersuiteImpl, ClientState, KeyPackage, PrivateKeyPackage, Proposal } from "ts-mls";
import { seededRandom, type Random } from "./random.ts";

export type TreeLibrary = typeof Library;

export interface HistoryFailure {
  readonly step: number;
  readonly operation: string;
  readonly message: string;
}

interface Actor {
  readonly name: string;
  state: ClientState;
}

interface World {
  readonly library: TreeLibrary;
  readonly suite: CiphersuiteImpl;
  readonly random: Random;
  readonly actors: Actor[];
  made: number;
}

/** `null` when every step went as it must. */
export async function runTreeHistory(
  library: TreeLibrary,
  suite: CiphersuiteImpl,
  input: { readonly seed: number; readonly steps: number; readonly maxMembers: number },
): Promise<HistoryFailure | null> {
  const world: World = { library, suite, random: seededRandom(input.seed), actors: [], made: 0 };
  const founder = await newKeyPackage(world);
  const groupId = Uint8Array.of(1);
  const state = await library.createGroup(groupId, founder.publicPackage, founder.privatePackage, [], suite);
  world.actors.push({ name: founder.name, state });
  for (let step = 0; step < input.steps; step++) {
    const plan = await nextPlan(world, input.maxMembers);
    try {
      await carryOut(world, plan);
    } catch (error) {
      return { step, operation: plan.words, message: error instanceof Error ? error.message : "" };
    }
  }
  return null;
}

interface NewMember {
  readonly name: string;
  readonly publicPackage: KeyPackage;
  readonly privatePackage: PrivateKeyPackage;
}

interface Plan {
  readonly words: string;
  readonly committer: Actor;
  readonly added: readonly NewMember[];
  readonly removed: readonly Actor[];
}

/** Up to two adds and one removal in one commit; with neither, it is an update of the committer's path. */
async function nextPlan(world: World, maxMembers: number): Promise<Plan> {
  const { random, actors } = world;
  const committer = random.pick(actors);
  const others = actors.filter((actor) => actor !== committer);
  const removed = others.length > 0 && random.chance(0.3) ? [random.pick(others)] : [];
  const room = maxMembers - actors.length + removed.length;
  const added: NewMember[] = [];
  for (let i = random.chance(0.5) ? 1 + random.below(2) : 0; i > 0 && added.length < room; i--) {
    added.push(await newKeyPackage(world));
  }
  const words = `${committer.name} adds [${added.map(({ name }) => name)}] removes [${removed.map(({ name }) => name)}]`;
  return { words, committer, added, removed };
}

async function carryOut(world: World, { committer, added, removed }: Plan): Promise<void> {
  const { library, suite } = world;
  const extraProposals: Proposal[] = [
    ...removed.map(({ state }): Proposal => ({
      proposalType: "remove",
      remove: { removed: state.privatePath.leafIndex },
    })),
    ...added.map(({ publicPackage }): Proposal => ({ proposalType: "add", add: { keyPackage: publicPackage } })),
  ];
  const made = await library.createCommit(
    { state: committer.state, cipherSuite: suite },
    { extraProposals, ratchetTreeExtension: true },
  );
  if (made.commit.wireformat !== "mls_private_message") throw new Error("commit is not private");
  for (const actor of world.actors) {
    if (actor === committer || removed.includes(actor)) continue;
    const index = library.emptyPskIndex;
    const applied = await library.processMessage(made.commit, actor.state, index, library.acceptAll, suite);
    actor.state = applied.newState;
  }
  committer.state = made.newState;
  const staying = world.actors.filter((actor) => !removed.includes(actor));
  for (const newcomer of added) {
    if (made.welcome === undefined) throw new Error("no Welcome");
    const { publicPackage, privatePackage, name } = newcomer;
    const index = library.emptyPskIndex;
    const state = await library.joinGroup(made.welcome, publicPackage, privatePackage, index, suite);
    staying.push({ name, state });
  }
  world.actors.splice(0, Infinity, ...staying);
  await expectAgreement(world);
  for (const actor of removed) await expectShutOut(world, actor, made.commit);
}

async function expectAgreement({ library, suite, actors }: World): Promise<void> {
  const secrets = new Set<string>();
  for (const { state } of actors) {
    secrets.add(library.bytesToBase64(await exporterOf(library, suite, state)));
  }
  if (secrets.size !== 1) throw new Error("members disagree");
}

/** The removed member learns that it is out, and nothing of the next epoch. */
async function expectShutOut(
  { library, suite, actors }: World,
  removed: Actor,
  commit: Extract<Library.MLSMessage, { wireformat: "mls_private_message" }>,
): Promise<void> {
  const index = library.emptyPskIndex;
  const { newState: after } = await library.processMessage(commit, removed.state, index, library.acceptAll, suite);
  if (after.groupActiveState.kind !== "removedFromGroup") throw new Error("a removed member does not know it");
  const theirs = library.bytesToBase64(await exporterOf(library, suite, after));
  const next = library.bytesToBase64(await exporterOf(library, suite, (actors[0] as Actor).state));
  if (theirs === next) throw new Error("a removed member has the next exporter");
}

const exporterOf = (library: TreeLibrary, suite: CiphersuiteImpl, state: ClientState): Promise<Uint8Array> =>
  library.mlsExporter(state.keySchedule.exporterSecret, "test", new Uint8Array(0), 32, suite);

async function newKeyPackage(world: World): Promise<NewMember> {
  const { library, suite } = world;
  const name = `m${world.made++}`;
  const { publicPackage, privatePackage } = await library.generateKeyPackage(
    { credentialType: "basic", identity: new TextEncoder().encode(name) },
    { versions: ["mls10"], ciphersuites: [suite.name], extensions: [], proposals: [], credentials: ["basic"] },
    library.defaultLifetime,
    [],
    suite,
  );
  return { name, publicPackage, privatePackage };
}
