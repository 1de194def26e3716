/** The app over a scripted client, for looking at every state. Not part of what ships. */
import { boot } from "../boot.tsx";
import { scriptedClient } from "./scripted-client.ts";

const scene = new URL(location.href).searchParams.get("scene") ?? "chats";
await boot(() => scriptedClient(scene));
