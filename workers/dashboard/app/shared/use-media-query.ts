/** Whether the window is as a media query says, for what CSS alone cannot show. */
import { useSyncExternalStore } from "react";

/** @param query - such as `(min-width: 1100px)` */
export function useMediaQuery(query: string): boolean {
  return useSyncExternalStore(
    (onChange) => {
      const list = matchMedia(query);
      list.addEventListener("change", onChange);
      return () => list.removeEventListener("change", onChange);
    },
    () => matchMedia(query).matches,
  );
}
