/** The chosen theme. `public/early.js` reads the same key before the first paint. */
export type Theme = "system" | "light" | "dark";

const STORAGE_KEY = "xchat.theme";

export function chosenTheme(): Theme {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") {
    localStorage.removeItem(STORAGE_KEY);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(STORAGE_KEY, theme);
    document.documentElement.dataset["theme"] = theme;
  }
}
