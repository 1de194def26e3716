/** The app over a scripted client, for looking at every state. Not part of what ships. */
import "../styles/index.css";
import { boot } from "../boot.tsx";
import type { Missing } from "../platform/requirements.ts";
import { takeInvitations } from "../platform/invitation-link.ts";
import { scriptedClient } from "./scripted-client.ts";

const scene = new URL(location.href).searchParams.get("scene") ?? "chats";
takeInvitations();
/** `lacks:storage,locks`: a browser that lacks these two. */
const lacks = /^lacks:(.+)$/u.exec(scene)?.[1]?.split(",") as readonly Missing[] | undefined;
if (lacks === undefined) await boot(scriptedClient(scene), []);
else await boot(null, lacks);
