/** The client's interface (`ClientApi`) over a channel of plain messages. */
export { portChannel, type Channel, type MessageEndpoint } from "./channel.ts";
export { connectApi } from "./connect.ts";
export { MAX_OPEN_CALLS, MAX_OPEN_WATCHES, serveApi } from "./serve.ts";
