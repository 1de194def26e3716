import { expect, test } from "vitest";
import { reachOf } from "./reach.ts";

test("a link to an app on this machine is for nobody elsewhere, whatever nodes the invitation names", () => {
  for (const host of ["localhost:8787", "127.0.0.1:8787", "[::1]:8787", "app.localhost"])
    expect(reachOf(`http://${host}/#i1.abc`, false)).toBe("code");
  for (const host of ["chat.example", "localhost.example", "127.0.0.1.example", "notlocalhost"])
    expect(reachOf(`https://${host}/#i1.abc`, false)).toBe("link");
});

test("an invitation that names nodes of this machine alone works on this machine alone", () => {
  expect(reachOf("http://localhost:8787/#i1.abc", true)).toBe("here");
  expect(reachOf("https://chat.example/#i1.abc", true)).toBe("here");
});

test("where there is no link, the code is all there is to say something about", () => {
  expect(reachOf("i1.abc", false)).toBe("link");
});
