import "./styles/index.css";
// First, and alone, so that the worker starts before the page takes in what it draws with.
import { client, missing } from "./start.ts";
import { CATALOGUES, wantedLocale } from "./i18n/languages.ts";

// Whoever shows the words is told where they could not be fetched.
CATALOGUES[wantedLocale()].main().catch(() => {});
const { boot } = await import("./boot.tsx");
await boot(client, missing);
