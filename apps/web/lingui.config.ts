import { defineConfig } from "@lingui/conf";
import { formatter } from "@lingui/format-po";

/** Folders whose words a first visit needs; all others come with the screens that speak them. */
const MAIN = ["app", "chat", "chats", "i18n", "ui", "welcome"].map((folder) => `<rootDir>/src/${folder}`);
const MORE = ["contact", "devices", "group", "network", "people", "settings"].map(
  (folder) => `<rootDir>/src/${folder}`,
);

export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "de", "ar"],
  catalogs: [
    { path: "<rootDir>/src/locales/{locale}/main", include: MAIN, exclude: ["**/*.test.ts"] },
    { path: "<rootDir>/src/locales/{locale}/more", include: MORE, exclude: ["**/*.test.ts"] },
  ],
  format: formatter({ lineNumbers: false }),
});
