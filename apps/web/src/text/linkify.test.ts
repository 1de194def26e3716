import fc from "fast-check";
import { expect, test } from "vitest";
import { linkify, type Segment } from "./linkify.ts";

const links = (text: string): readonly Segment[] => linkify(text).filter((segment) => segment.kind === "link");
const shown = (text: string): readonly string[] => links(text).map((segment) => segment.text);

test("[L1] only written-out http and https become links", () => {
  expect(shown("see https://example.org/a and http://b.example")).toEqual([
    "https://example.org/a",
    "http://b.example",
  ]);
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://x.example",
    "example.org",
    "file:///etc/passwd",
    "xhttps://a.example",
  ]) {
    expect(links(text)).toEqual([]);
  }
});

test("[L2] closing punctuation stays outside unless it was opened inside", () => {
  expect(shown("(https://example.org).")).toEqual(["https://example.org"]);
  expect(shown("https://en.example.org/wiki/Seal_(device), yes")).toEqual([
    "https://en.example.org/wiki/Seal_(device)",
  ]);
  expect(shown(`https://example.org/(a)(${")".repeat(99)}`)).toEqual(["https://example.org/(a)()"]);
  expect(shown('"https://example.org/"…')).toEqual(["https://example.org/"]);
});

test("[L3] invisible and direction-changing characters make no link", () => {
  expect(links("https://example.org/\u202egpj.exe")).toEqual([]);
  expect(links("https://exa\u200bmple.org/")).toEqual([]);
});

test("[L4] a host in another script and a name before @ show where they lead", () => {
  expect(links("https://аррӏе.com/")).toMatchObject([{ realHost: "xn--80ak6aa92e.com" }]);
  expect(links("https://bank.example@evil.example/login")).toMatchObject([{ realHost: "evil.example" }]);
  // The true host, written where it leads nowhere, hides nothing.
  expect(links("https://аррӏе.com/?//xn--80ak6aa92e.com")).toMatchObject([{ realHost: "xn--80ak6aa92e.com" }]);
  expect(links("https://Example.org/Path")).toMatchObject([{ realHost: null }]);
  expect(links("https://example.org:443/")).toMatchObject([{ realHost: null }]);
});

test("no text is lost or thrown upon", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.webUrl(), (text, url) => {
      for (const whole of [text, `${text} ${url} ${text}`, `${url}${text}`]) {
        expect(
          linkify(whole)
            .map((segment) => segment.text)
            .join(""),
        ).toBe(whole);
      }
    }),
  );
});
