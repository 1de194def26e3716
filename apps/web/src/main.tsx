import "./styles/index.css";
// First, and alone, so that the worker starts before the page takes in what it draws with.
import { client, missing } from "./start.ts";

const { boot } = await import("./boot.tsx");
await boot(client, missing);
