/** The pages by their addresses. Every page is a chunk of its own, fetched when a link to it is pointed at. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, type ErrorComponentProps } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { SignedInGate } from "./credentials/signed-in-gate.tsx";
import { errorText } from "./data/error-text.ts";
import { inboxSearch } from "./pages/inbox/inbox-search.ts";
import { knowingStateSearch } from "./pages/knowing-state/knowing-state-search.ts";
import { checksSearch } from "./pages/session/checks/checks-search.ts";
import { costsSearch } from "./pages/session/costs/costs-search.ts";
import { operationsSearch } from "./pages/operations/operations-search.ts";
import { graphSearch } from "./pages/session/graph/graph-search.ts";
import { filesSearch } from "./pages/session/files/files-search.ts";
import { lineageSearch } from "./pages/session/lineage/lineage-search.ts";
import { timelineSearch } from "./pages/session/timeline/timeline-search.ts";
import { sessionsSearch } from "./pages/sessions/sessions-search.ts";
import { AppShell } from "./shell/app-shell.tsx";
import { EmptyState, FailedState } from "./ui/states.tsx";

const rootRoute = createRootRoute({
  component: () => (
    <SignedInGate>
      <AppShell />
    </SignedInGate>
  ),
  notFoundComponent: () => (
    <EmptyState icon={Compass} title="There is no such page">
      The address may be cut short. Choose a page on the left.
    </EmptyState>
  ),
});

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/sessions" });
  },
});

const sessionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sessions",
  validateSearch: sessionsSearch,
  component: lazyRouteComponent(() => import("./pages/sessions/sessions-page.tsx"), "SessionsPage"),
});

const sessionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sessions/$sessionId",
  component: lazyRouteComponent(() => import("./pages/session/session-page.tsx"), "SessionPage"),
});

const sessionTabs = [
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/",
    component: lazyRouteComponent(() => import("./pages/session/overview/overview-tab.tsx"), "OverviewTab"),
  }),
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/graph",
    validateSearch: graphSearch,
    component: lazyRouteComponent(() => import("./pages/session/graph/graph-tab.tsx"), "GraphTab"),
  }),
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/timeline",
    validateSearch: timelineSearch,
    component: lazyRouteComponent(() => import("./pages/session/timeline/timeline-tab.tsx"), "TimelineTab"),
  }),
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/files",
    validateSearch: filesSearch,
    component: lazyRouteComponent(() => import("./pages/session/files/files-tab.tsx"), "FilesTab"),
  }),
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/checks",
    validateSearch: checksSearch,
    component: lazyRouteComponent(() => import("./pages/session/checks/checks-tab.tsx"), "ChecksTab"),
  }),
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/evidence",
    component: lazyRouteComponent(() => import("./pages/session/evidence/evidence-tab.tsx"), "EvidenceTab"),
  }),
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/lineage",
    validateSearch: lineageSearch,
    component: lazyRouteComponent(() => import("./pages/session/lineage/lineage-tab.tsx"), "LineageTab"),
  }),
  createRoute({
    getParentRoute: () => sessionRoute,
    path: "/costs",
    validateSearch: costsSearch,
    component: lazyRouteComponent(() => import("./pages/session/costs/costs-tab.tsx"), "CostsTab"),
  }),
] as const;

const inboxRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/inbox",
  validateSearch: inboxSearch,
  component: lazyRouteComponent(() => import("./pages/inbox/inbox-page.tsx"), "InboxPage"),
});

const submitRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/submit",
  component: lazyRouteComponent(() => import("./pages/submit/submit-page.tsx"), "SubmitPage"),
});

const knowingStateRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/knowing-state",
  validateSearch: knowingStateSearch,
  component: lazyRouteComponent(() => import("./pages/knowing-state/knowing-state-page.tsx"), "KnowingStatePage"),
});

const operationsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/operations",
  validateSearch: operationsSearch,
  component: lazyRouteComponent(() => import("./pages/operations/operations-page.tsx"), "OperationsPage"),
});

const routeTree = rootRoute.addChildren([
  indexRoute,
  sessionsRoute,
  sessionRoute.addChildren(sessionTabs),
  inboxRoute,
  submitRoute,
  knowingStateRoute,
  operationsRoute,
]);

function PageFailed({ error, reset }: ErrorComponentProps) {
  return <FailedState title="This page failed" message={errorText(error)} onRetry={reset} />;
}

export const router = createRouter({ routeTree, defaultPreload: "intent", scrollRestoration: true, defaultErrorComponent: PageFailed });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
