import { expect, it } from "vitest";
import { jsonLog, wordLog } from "./log.ts";

const NOW = 1_795_512_600_000;

it("tells a service one JSON object a line", () => {
  const lines: string[] = [];
  jsonLog(
    (line) => lines.push(line),
    () => NOW,
  ).warn("stun-unavailable", { reason: "EADDRINUSE" });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { time: new Date(NOW).toISOString(), level: "warn", event: "stun-unavailable", reason: "EADDRINUSE" },
  ]);
});

it("tells somebody at a terminal warnings in words, and nothing that the greeting has said", () => {
  const lines: string[] = [];
  const log = wordLog(
    (line) => lines.push(line),
    () => NOW,
  );
  log.info("started", { hasApp: true });
  log.warn("stun-unavailable", { reason: "EADDRINUSE" });
  log.warn("upkeep-failed");
  expect(lines.map((line) => line.replace(/\d\d:\d\d:\d\d/u, "TIME"))).toEqual([
    "  TIME  No STUN: direct connections may not come about (reason EADDRINUSE).\n",
    "  TIME  Clearing away what has expired failed.\n",
  ]);
});
