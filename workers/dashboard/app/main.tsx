/** The page begins here: signs in by a link where one was followed, then shows what the address names. */
import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { config } from "zod/mini";
import { credentialsOfFragment } from "./credentials/credentials.ts";
import { signIn } from "./credentials/signed-in.ts";
import { router } from "./router.tsx";

// Compiled parsers need `eval`, which the page's policy forbids.
config({ jitless: true });

/** A link's credentials leave the address at once: the browser's history and the person's screen do not keep them. */
async function signInByLink(): Promise<void> {
  const credentials = credentialsOfFragment(location.hash);
  if (credentials === null) return;
  history.replaceState(null, "", `${location.pathname}${location.search}`);
  await signIn(credentials, true);
}

const page = document.getElementById("page");
if (page === null) throw new Error("The document has no place for the page.");
await signInByLink();
createRoot(page).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>,
);
