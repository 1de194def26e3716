import { defineConfig } from "@lingui/conf";
import { formatter } from "@lingui/format-po";

const MAIN = ["app", "chat", "chats", "i18n", "ui", "welcome"];
/** Folders whose words come with the screens that speak them; those of the others come with the first visit. */
export const MORE: readonly string[] = ["contact", "devices", "group", "network", "people", "settings"];
const folders = (names: readonly string[]): string[] => names.map((name) => `<rootDir>/src/${name}`);

export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "de", "ar"],
  catalogs: [
    { path: "<rootDir>/src/locales/{locale}/main", include: folders(MAIN), exclude: ["**/*.test.ts"] },
    { path: "<rootDir>/src/locales/{locale}/more", include: folders(MORE), exclude: ["**/*.test.ts"] },
  ],
  format: formatter({ lineNumbers: false }),
});
