import { describe, expect, it } from "vitest";
import { isPublicAddress, lookupPublic, mayBePublicHost } from "./public-address.ts";

describe("addresses to which a relay connects", () => {
  it.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "localhost",
    "",
  ])("[RL7] %s is none of the public internet", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(["8.8.8.8", "172.32.0.1", "2a00:1450::1", "2606:4700::1111"])("[RL7] %s is one", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it("[RL7] as they stand in a URL, however they are spelled", () => {
    for (const host of ["127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:7f00:1]", "192.168.0.1"]) {
      expect(mayBePublicHost(new URL(`wss://${host}/x`).hostname), host).toBe(false);
    }
    for (const host of ["node.example", "8.8.8.8", "[2a00:1450::1]"]) {
      expect(mayBePublicHost(new URL(`wss://${host}/x`).hostname), host).toBe(true);
    }
  });

  it("[RL7] a name that leads to this machine is looked up in vain", async () => {
    const found = await new Promise((resolve) => {
      lookupPublic("localhost", {}, (error, address) => resolve(error === null ? address : error.code));
    });
    expect(found).toBe("ENOTFOUND");
  });
});
