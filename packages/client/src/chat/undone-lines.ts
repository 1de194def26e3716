/** Lines of commits that do not count any more, since the way has parted before them (spec/fork-rule.md, FR12). */
import { expectOk, hexToBytes } from "@xchat/codec";
import { decodeGroupRecord, encodeGroupRecord, type Hex } from "@xchat/protocol";
import { placeOf } from "../fork/state.ts";
import { lineIdOf } from "./record-line.ts";
import type { Step } from "./step.ts";

/** They stay where they stand, and say so (GR32). `left`: epochs of the branch that is left. */
export async function markUndone(step: Step, left: readonly Hex[]): Promise<void> {
  for (const epoch of left) {
    const place = placeOf(step.state.fork, epoch);
    if (place === null) continue;
    const line = await step.event(lineIdOf(place.number, expectOk(hexToBytes(epoch), "epoch")));
    const record = line?.body == null || line.kind !== "record" ? null : decodeGroupRecord(line.body);
    if (line === null || record?.ok !== true) continue;
    const { by, actions } = record.value;
    const others = actions.filter(({ kind }) => kind !== "undone");
    step.putEvent({ ...line, body: encodeGroupRecord({ by, actions: [...others, { kind: "undone" }] }) });
  }
}
