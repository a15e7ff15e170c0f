/** What is around every page: where one may go, what needs somebody, and who is signed in. */
import { Link, Outlet } from "@tanstack/react-router";
import { LogOut, Monitor, Moon, Sun, type LucideIcon } from "lucide-react";
import { signOut } from "../credentials/signed-in.ts";
import { useViewer } from "../data/factory-context.tsx";
import { IconButton } from "../ui/button.tsx";
import styles from "./app-shell.module.css";
import { LinkMark } from "./link-mark.tsx";
import { PLACES, type Place } from "./places.ts";
import { ShellCommands } from "./shell-commands.tsx";
import { THEMES, useTheme, type Theme } from "./theme.ts";
import { useOpenReviews } from "./use-open-reviews.ts";

export function AppShell() {
  const { org, principalId } = useViewer();
  return (
    <div className={styles["shell"]}>
      <a href="#main" className={styles["skip"]}>
        Skip to the page
      </a>
      <header className={styles["rail"]}>
        <Link to="/sessions" className={styles["mark"]}>
          <img src="/icon.svg" alt="" />
          Factory
        </Link>
        <nav aria-label="Pages">
          <ul className={styles["links"]}>
            {PLACES.map((place) => (
              <li key={place.to}>
                <PlaceLink {...place} />
              </li>
            ))}
          </ul>
        </nav>
        <div className={styles["foot"]}>
          <LinkMark />
          <span className={styles["who"]} title={principalId}>
            {org} · {principalId}
          </span>
          <div className={styles["tools"]}>
            <ShellCommands />
            <ThemeButton />
            <IconButton label="Sign out" icon={LogOut} onPress={() => void signOut()} />
          </div>
        </div>
      </header>
      <main id="main" className={styles["main"]} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function PlaceLink({ to, text, title, icon: Icon }: Place) {
  return (
    <Link to={to} className={styles["link"]} aria-label={text === title ? undefined : title}>
      <Icon size={17} aria-hidden />
      {text}
      {to === "/inbox" ? <OpenReviews /> : null}
    </Link>
  );
}

function OpenReviews() {
  const { text, label } = useOpenReviews();
  return text === null ? null : (
    <span className={styles["count"]} aria-label={label}>
      {text}
    </span>
  );
}

const THEME_ICONS: { readonly [T in Theme]: LucideIcon } = { system: Monitor, light: Sun, dark: Moon };

function ThemeButton() {
  const [theme, setTheme] = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return <IconButton label={`Theme: ${theme}. Change to ${next}.`} icon={THEME_ICONS[theme]} onPress={() => setTheme(next)} />;
}
