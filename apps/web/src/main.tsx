// First, so that the worker starts before the page takes in what it draws with.
import { client, missing } from "./start.ts";
import { boot } from "./boot.tsx";

await boot(client, missing);
