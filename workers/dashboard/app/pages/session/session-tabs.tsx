/** The parts of a session's page. */
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import styles from "./session-tabs.module.css";

const TABS = [
  { to: "/sessions/$sessionId", text: "Overview" },
  { to: "/sessions/$sessionId/graph", text: "Graph" },
  { to: "/sessions/$sessionId/timeline", text: "Timeline" },
  { to: "/sessions/$sessionId/files", text: "Files" },
  { to: "/sessions/$sessionId/checks", text: "Checks" },
  { to: "/sessions/$sessionId/evidence", text: "Evidence" },
  { to: "/sessions/$sessionId/lineage", text: "Lineage" },
  { to: "/sessions/$sessionId/costs", text: "Costs" },
] as const;

export function SessionTabs({ sessionId }: { readonly sessionId: string }) {
  const list = useRef<HTMLUListElement>(null);
  // On a phone the open tab may be beyond the edge.
  useEffect(() => {
    list.current?.querySelector("[data-status=active]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, []);
  return (
    <nav aria-label="Parts of the session" className={styles["tabs"]}>
      <ul ref={list} className={styles["list"]}>
        {TABS.map(({ to, text }) => (
          <li key={to}>
            <Link to={to} params={{ sessionId }} activeOptions={{ exact: true, includeSearch: false }} className={styles["tab"]}>
              {text}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
