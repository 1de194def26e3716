import { expect, test } from "vitest";
import { invitationIn } from "./invitation-link.ts";

test("an invitation or a link to a group, of any version, is found, anything else is not", () => {
  expect(invitationIn("#g1.abc-DEF_123")).toBe("g1.abc-DEF_123");
  expect(invitationIn("#i1.abc-DEF_123")).toBe("i1.abc-DEF_123");
  expect(invitationIn("#i12.x")).toBe("i12.x");
  for (const hash of ["", "#", "#top", "#i1", "#i1.", "#i1.a b", "i1.abc", "#d1.abc"])
    expect(invitationIn(hash)).toBe(null);
});
