import { expect, test } from "vitest";
import { typedAddress } from "../api.ts";
import { nodeAddress } from "./node-address.ts";

test.each([
  ["https://chat.example", "wss://chat.example/x", "https://chat.example"],
  ["chat.example:444", "wss://chat.example:444/x", "https://chat.example:444"],
  ["localhost:8787", "ws://localhost:8787/x", "http://localhost:8787"],
  ["http://[::1]:8787/", "ws://[::1]:8787/x", "http://[::1]:8787"],
  ["wss://chat.example/behind/x", "wss://chat.example/behind/x", "wss://chat.example/behind/x"],
])("what is typed as %s is kept as %s and shown as %s, which means the same", (typed, kept, shown) => {
  expect(nodeAddress(typed)).toBe(kept);
  expect(typedAddress(kept)).toBe(shown);
  expect(nodeAddress(shown)).toBe(kept);
});
