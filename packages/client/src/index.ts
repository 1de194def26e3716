export * from "./api.ts";
export { createClient, type Client, type ClientPorts } from "./client.ts";
