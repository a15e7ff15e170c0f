/** Following the end of a list that grows, until the person who reads it scrolls up. */
import type { Virtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

/** Pixels from the end that still count as the end. */
const END_PX = 40;

export type FollowedEnd = { readonly isFollowing: boolean; readonly jump: () => void; readonly leave: () => void };

/**
 * @param begins - false where the list is opened at a row of its own
 */
export function useFollowedEnd(list: Virtualizer<HTMLDivElement, Element>, count: number, begins: boolean): FollowedEnd {
  const [isFollowing, setFollowing] = useState(begins);
  const lastTop = useRef(0);
  const element = list.scrollElement;
  const total = list.getTotalSize();

  useEffect(() => {
    if (element === null) return undefined;
    const onScroll = (): void => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      // Rows that are measured move the end away; only going up is a person's wish to stay.
      if (scrollHeight - scrollTop - clientHeight < END_PX) setFollowing(true);
      else if (scrollTop < lastTop.current - 1) setFollowing(false);
      lastTop.current = scrollTop;
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => element.removeEventListener("scroll", onScroll);
  }, [element]);

  useLayoutEffect(() => {
    if (isFollowing && count > 0) list.scrollToIndex(count - 1, { align: "end" });
  }, [isFollowing, count, total, list]);

  return { isFollowing, jump: () => setFollowing(true), leave: () => setFollowing(false) };
}
