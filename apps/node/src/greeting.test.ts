import { expect, test } from "vitest";
import { greeting } from "./greeting.ts";

const node = {
  hasApp: true,
  isRelay: false,
  webAddress: "http://192.0.2.7:8787/",
  socketAddress: "ws://192.0.2.7:8787/x",
};
const said = (address: string | null, hasApp = true): string =>
  greeting(
    { ...node, hasApp },
    { appFolder: "/app", dataFolder: "/data", publicUrl: address === null ? null : new URL(address), relay: null },
  );

test("says what to open and who can reach it", () => {
  expect(said(null)).toMatch(/Open {4}http.*Data {4}\/data.*Only this machine.*Ctrl-C stops it/su);
  expect(said("https://chat.example")).not.toMatch(/Only this machine|Browsers/u);
});

test("an address over which no browser runs the app is not shown without a word", () => {
  expect(said("http://192.0.2.7:8787")).toMatch(/Browsers run the app over https and on localhost alone/u);
  for (const address of ["https://chat.example", "http://localhost:8787", "http://127.0.0.1:8787"])
    expect(said(address)).not.toContain("Browsers");
  expect(said("http://192.0.2.7:8787", false)).not.toContain("Browsers");
});
