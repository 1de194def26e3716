/** What kind of world a seed makes: how many people and nodes, how bad the network, who is not honest. */
import type { Weather } from "./network.ts";
import type { Random } from "./random.ts";

export interface PersonPlan {
  readonly name: string;
  /** Indices of the nodes that they chose, best first. */
  readonly nodes: readonly number[];
  readonly clockError: number;
}

export interface Plan {
  readonly people: readonly PersonPlan[];
  readonly nodes: number;
  readonly dishonestNode: number | null;
  readonly weather: Weather;
  readonly hasDirect: boolean;
  readonly hasGroups: boolean;
  /** Whether people link more devices, and remove them. */
  readonly hasDevices: boolean;
  /** Whether they are in touch before the story begins. */
  readonly knowEachOther: boolean;
  /** Things that people and fate do. */
  readonly steps: number;
  /** Whether trouble of each kind happens at all: a world without some of it finds other bugs. */
  readonly troubles: {
    readonly crashes: boolean;
    readonly copies: boolean;
    readonly cuts: boolean;
    readonly months: boolean;
    /** All nodes are down at once, for days. */
    readonly darkness: boolean;
  };
}

export interface PlanInput {
  readonly hasOldCopies: boolean;
  readonly hasGroups: boolean;
  readonly hasDevices: boolean;
  readonly hasDarkness: boolean;
}

const NAMES = ["Ann", "Bob", "Cem", "Dia", "Eva", "Fay", "Gus", "Hal"];
const MINUTES = 60_000;

/** Old copies only where they are asked for: the client of today does not rejoin after one. */
export function planOf(random: Random, { hasOldCopies, hasGroups, hasDevices, hasDarkness }: PlanInput): Plan {
  const nodes = random.pick([1, 2, 3, 3, 3]);
  const dishonestNode = nodes === 3 && random.chance(0.3) ? random.between(0, 2) : null;
  const size = random.pick(hasGroups ? [3, 3, 4, 4, 5, 6, 8] : [2, 2, 2, 3, 3, 4]);
  return {
    hasGroups,
    hasDevices,
    nodes,
    dishonestNode,
    people: NAMES.slice(0, size).map((name) => ({
      name,
      nodes: nodesOf(random, nodes, dishonestNode),
      clockError: random.between(-3 * MINUTES, 3 * MINUTES),
    })),
    weather: {
      latency: random.pick([
        [1, 30],
        [20, 200],
        [50, 3_000],
      ] as const),
      loss: random.pick([0, 0, 0.02, 0.1, 0.25]),
      duplicates: random.pick([0, 0.05, 0.3]),
    },
    hasDirect: random.chance(0.4),
    knowEachOther: random.chance(0.85),
    steps: random.between(20, 90),
    troubles: {
      crashes: random.chance(0.6),
      copies: hasOldCopies && random.chance(0.3),
      cuts: random.chance(0.5),
      months: random.chance(0.1),
      darkness: hasDarkness,
    },
  };
}

/** Where one of three lies, all three are chosen: the promises are made for a majority that does not. */
function nodesOf(random: Random, count: number, dishonestNode: number | null): readonly number[] {
  const all = random.shuffle(Array.from({ length: count }, (_, index) => index));
  return dishonestNode === null ? all.slice(0, random.between(1, count)) : all;
}
