export { servePeers, workerDirectTransport } from "./webrtc/bridge.dom.ts";
export { domDirectTransport } from "./webrtc/peer.dom.ts";
export { nodeConnector, type NodeConnectorOptions } from "./node-link/connector.ts";
