/** ts-mls as published, with its default cryptography, in the same suite. */
import type { ClientState } from "ts-mls";
import { loadStockLibrary } from "../../packages/mls/src/testing/stock-library.node.ts";
import type { Lane } from "./lane.ts";

const SUITE = "MLS_256_XWING_AES256GCM_SHA512_Ed25519";

export async function stockLane(): Promise<Lane & { readonly dispose: () => Promise<void> }> {
  const { library, dispose } = await loadStockLibrary();
  const suite = await library.getCiphersuiteImpl(library.getCiphersuiteFromName(SUITE));
  const newBundle = (name: string) =>
    library.generateKeyPackage(
      { credentialType: "basic", identity: new TextEncoder().encode(name) },
      library.defaultCapabilities(),
      library.defaultLifetime,
      [],
      suite,
    );
  const [alice, bob] = [await newBundle("alice"), await newBundle("bob")];
  const alone = await library.createGroup(Uint8Array.of(1), alice.publicPackage, alice.privatePackage, [], suite);
  const made = await library.createCommit(
    { state: alone, cipherSuite: suite },
    {
      extraProposals: [{ proposalType: "add", add: { keyPackage: bob.publicPackage } }],
      ratchetTreeExtension: true,
    },
  );
  if (made.welcome === undefined) throw new Error("no Welcome");
  const index = library.emptyPskIndex;
  let alices: ClientState = made.newState;
  let bobs = await library.joinGroup(made.welcome, bob.publicPackage, bob.privatePackage, index, suite);
  return {
    dispose,
    seal: async (plaintext) => {
      const sealed = await library.createApplicationMessage(alices, plaintext, suite);
      alices = sealed.newState;
      return library.encodeMlsMessage({
        version: "mls10",
        wireformat: "mls_private_message",
        privateMessage: sealed.privateMessage,
      });
    },
    open: async (bytes) => {
      const message = library.decodeMlsMessage(bytes, 0)?.[0];
      if (message?.wireformat !== "mls_private_message") throw new Error("does not decode");
      const result = await library.processMessage(message, bobs, index, library.acceptAll, suite);
      if (result.kind !== "applicationMessage") throw new Error("does not open");
      bobs = result.newState;
      return result.message;
    },
  };
}
