export { CheapKeys, cheapCryptoProvider, SIMULATION_MARK } from "./cheap-provider.ts";
export { seededCryptoProvider } from "./seeded-provider.node.ts";
