import { expect, test } from "vitest";
import { localeFor } from "./languages.ts";
import { directionOf } from "./locales.ts";

test("the first known language wins, regions aside", () => {
  expect(localeFor(["fr-FR", "de-AT", "en"])).toBe("de");
  expect(localeFor(["AR-eg"])).toBe("ar");
  expect(localeFor(["tlh", "constructor"])).toBe("en");
  expect(localeFor([])).toBe("en");
});

test("Arabic is written from right to left", () => {
  expect(directionOf("ar")).toBe("rtl");
  expect(directionOf("de")).toBe("ltr");
});
