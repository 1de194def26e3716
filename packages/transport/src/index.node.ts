export { loadNodeDirectTransport, type NodeDirectTransport } from "./webrtc/peer.node.ts";
export { nodeConnector, type NodeConnectorOptions } from "./node-link/connector.ts";
