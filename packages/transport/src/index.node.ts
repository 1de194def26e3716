export { loadNodeDirectTransport, type NodeDirectTransport } from "./webrtc/peer.node.ts";
