import { afterAll, describe, expect, it } from "vitest";
import { directContract } from "./direct-contract.ts";
import { OPENING_LIMIT } from "./lifetime.ts";
import { loadNodeDirectTransport } from "./peer.node.ts";

const transport = await loadNodeDirectTransport();
if (transport === null) throw new Error("node-datachannel does not run here");
afterAll(() => transport.close());

directContract("Node to Node", () => ({ left: transport, right: transport }));

describe("direct transport of Node", () => {
  it("a missing native module means no direct connections", async () => {
    expect(await loadNodeDirectTransport(undefined, () => Promise.reject(new Error("no such module")))).toBeNull();
  });

  it("an offer that nobody answers ends at the limit", async () => {
    const limits: { milliseconds: number; call: () => void }[] = [];
    const impatient = await loadNodeDirectTransport((milliseconds, call) => {
      limits.push({ milliseconds, call });
      return { cancel: () => {} };
    });
    const closed = new Promise<void>((resolve) => {
      impatient?.createPeer({
        stunAddresses: [],
        role: "offerer",
        onSignal: () => {},
        onState: (state) => {
          if (state === "closed") resolve();
        },
        onMessage: () => {},
      });
    });
    expect(limits.map(({ milliseconds }) => milliseconds)).toEqual([OPENING_LIMIT]);
    limits[0]?.call();
    await closed;
  });
});
