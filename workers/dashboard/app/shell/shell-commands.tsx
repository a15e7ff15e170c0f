/** What the keyboard does everywhere: go somewhere, and say what else it does. */
import { useRouterState } from "@tanstack/react-router";
import { Keyboard, Search } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useViewer } from "../data/factory-context.tsx";
import { IconButton } from "../ui/button.tsx";
import { rememberSession, sessionOfPath } from "./recent-sessions.ts";
import { useShortcutKeys, useShortcuts } from "./shortcuts.ts";

const CommandPalette = lazy(async () => ({ default: (await import("./command-palette.tsx")).CommandPalette }));
const ShortcutHelp = lazy(async () => ({ default: (await import("./shortcut-help.tsx")).ShortcutHelp }));

type Open = "palette" | "help" | null;

/** Two buttons, the dialogs they open, and the shortcuts that do the same. */
export function ShellCommands() {
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  useShortcutKeys();
  useShortcuts("Everywhere", [
    { keys: ["Mod+k"], text: "Go to a page or a session", run: () => setOpen("palette") },
    { keys: ["?"], text: "Show this list", run: () => setOpen("help") },
  ]);
  useRecentSessions();
  return (
    <>
      <IconButton label="Go to a page or a session" icon={Search} onPress={() => setOpen("palette")} />
      <IconButton label="Keyboard shortcuts" icon={Keyboard} onPress={() => setOpen("help")} />
      <Suspense>
        {open === "palette" ? <CommandPalette onClose={close} /> : null}
        {open === "help" ? <ShortcutHelp onClose={close} /> : null}
      </Suspense>
    </>
  );
}

function useRecentSessions(): void {
  const { org } = useViewer();
  const sessionId = useRouterState({ select: ({ location }) => sessionOfPath(location.pathname) });
  useEffect(() => {
    if (sessionId !== null) rememberSession(org, sessionId);
  }, [org, sessionId]);
}
