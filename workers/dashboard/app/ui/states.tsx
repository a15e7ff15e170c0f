/** What stands where content is not there: not yet, none, or not to be had. */
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import styles from "./states.module.css";

/** Nothing is there: says why, and what to do about it. */
export function EmptyState({ icon: Icon, title, children }: { readonly icon: LucideIcon; readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={styles["notice"]}>
      <Icon size={28} aria-hidden />
      <h3>{title}</h3>
      {children === undefined ? null : <p>{children}</p>}
    </div>
  );
}

/** Something failed: says what and what to do, and lets it be tried again. */
export function FailedState({ title, message, onRetry }: { readonly title: string; readonly message: string; readonly onRetry?: () => void }) {
  return (
    <div className={`${styles["notice"]} ${styles["failed"]}`} role="alert">
      <CircleAlert size={28} aria-hidden />
      <h3>{title}</h3>
      <p>{message}</p>
      {onRetry === undefined ? null : <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

/** The shape of text that is on its way. Sizes are CSS lengths. */
export function Skeleton({ width = "100%", height = "0.9rem" }: { readonly width?: string; readonly height?: string }) {
  return <span className={styles["skeleton"]} style={{ width, height }} aria-hidden />;
}

const LINE_WIDTHS = ["62%", "88%", "74%", "81%", "55%"] as const;

/** Lines of text that are on their way, so that nothing jumps when they come. */
export function SkeletonLines({ lines = 5, label = "Loading" }: { readonly lines?: number; readonly label?: string }) {
  return (
    <div className={styles["lines"]} role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} width={LINE_WIDTHS[index % LINE_WIDTHS.length] ?? "70%"} />
      ))}
    </div>
  );
}
