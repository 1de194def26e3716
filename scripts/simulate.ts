/**
 * `npm run simulate -- [--seeds N] [--from S] [--seed S] [--real] [--old-copies] [--darkness] [--groups | --no-groups] [--devices | --no-devices] [--json] [--trace]`: many worlds of the simulator, one
 * after the other (packages/testkit/README.md). A failure prints its seed and what happened in its world.
 */
import { parseArgs } from "node:util";
import { simulate } from "../packages/testkit/src/simulator/index.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    real: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    "old-copies": { type: "boolean", default: false },
    darkness: { type: "boolean", default: false },
    groups: { type: "boolean", default: false },
    "no-groups": { type: "boolean", default: false },
    devices: { type: "boolean", default: false },
    "no-devices": { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});

const count = values.seed === undefined ? Number(values.seeds) : 1;
const first = Number(values.seed ?? values.from);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(first)) {
  process.stderr.write("seeds are whole numbers\n");
  process.exit(2);
}

const suite = values.real ? "real" : "cheap";
const failures: number[] = [];
/** Where neither is asked for, each seed decides. */
const kind = {
  ...(values.groups ? { hasGroups: true } : values["no-groups"] ? { hasGroups: false } : {}),
  ...(values.devices ? { hasDevices: true } : values["no-devices"] ? { hasDevices: false } : {}),
};
let events = 0;
const cpuBefore = process.cpuUsage();
for (let seed = first; seed < first + count; seed++) {
  const report = await simulate({
    seed,
    suite,
    isVerbose: values.trace,
    hasOldCopies: values["old-copies"],
    hasDarkness: values.darkness,
    ...kind,
  });
  events += report.events;
  if (report.failure !== null) failures.push(seed);
  if (report.failure !== null || values.seed !== undefined || values.trace) {
    process.stdout.write(`${report.story.join("\n")}\n`);
    process.stdout.write(
      `seed ${seed}: ${report.failure ?? "all held"} (${report.events} events, ${report.messages} messages, trace ${report.hash})\n`,
    );
  }
}
const { user, system } = process.cpuUsage(cpuBefore);
// By processor time: what other programs do at the same time is not what is measured.
const eventsPerSecond = Math.round(events / ((user + system) / 1e6));
const figures = { seeds: count, failures: failures.length, events, eventsPerSecond };
if (values.json) process.stdout.write(`${JSON.stringify({ name: "simulate", figures })}\n`);
else
  process.stdout.write(
    `${count} seeds, ${failures.length} failed (${failures.join(" ")}), ${events} events, ${eventsPerSecond} a second\n`,
  );
process.exit(failures.length === 0 ? 0 : 1);
