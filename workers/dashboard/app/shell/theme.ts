/** Dark, light, or what the system says. `public/theme.js` applies the choice before the first paint. */
import { useState } from "react";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "factory.theme";

const themeOf = (text: string | null): Theme => THEMES.find((theme) => theme === text) ?? "system";

/** The chosen theme, and a function that chooses another for this browser. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(() => themeOf(localStorage.getItem(STORAGE_KEY)));
  const choose = (chosen: Theme): void => {
    const { dataset } = document.documentElement;
    if (chosen === "system") {
      localStorage.removeItem(STORAGE_KEY);
      delete dataset["theme"];
    } else {
      localStorage.setItem(STORAGE_KEY, chosen);
      dataset["theme"] = chosen;
    }
    setTheme(chosen);
  };
  return [theme, choose];
}
