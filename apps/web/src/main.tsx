import { boot } from "./boot.tsx";
import { connectClient } from "./bridge/connect.ts";

await boot(connectClient);
