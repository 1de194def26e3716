import { expect, test } from "vitest";
import { missingRequirements } from "./requirements.ts";

const whole = {
  isSecureContext: true,
  crypto: { subtle: {} },
  navigator: { storage: { getDirectory: () => {} }, locks: {} },
  Worker: {},
  BroadcastChannel: {},
  WebAssembly: {},
};

test("a whole browser lacks nothing", () => {
  expect(missingRequirements(whole)).toEqual([]);
});

test("an insecure origin is named alone, whatever else is absent", () => {
  expect(missingRequirements({})).toEqual(["secure-context"]);
});

test("each missing part is named", () => {
  expect(missingRequirements({ ...whole, navigator: { storage: {} } })).toEqual(["storage", "locks"]);
  expect(missingRequirements({ ...whole, crypto: {} })).toEqual(["crypto"]);
  expect(missingRequirements({ ...whole, Worker: undefined })).toEqual(["workers"]);
});
