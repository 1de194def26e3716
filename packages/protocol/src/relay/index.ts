export { MAX_RELAYS, mayBeOneOperator, relaysFor, type Operated } from "./choice.ts";
export {
  ANY_NODE,
  decodeRelayOpening,
  encodeRelayOpening,
  isAnyNode,
  MAX_RELAYED_ADDRESS,
  RELAYED_KINDS,
  type RelayedKind,
  type RelayOpening,
} from "./opening.ts";
