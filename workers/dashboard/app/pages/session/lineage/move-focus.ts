/** Arrow keys among the artifacts: up and down in a column, left and right between causes and effects. */
import type { KeyboardEvent } from "react";

export function moveFocus(press: KeyboardEvent<HTMLElement>): void {
  const node = press.target instanceof HTMLElement ? press.target.closest<HTMLElement>("[data-node]") : null;
  const column = node?.closest<HTMLElement>("[data-column]") ?? null;
  if (node === null || column === null) return;
  const next = nextNode(press.key, node, column, press.currentTarget);
  if (next === undefined) return;
  press.preventDefault();
  next.focus();
}

function nextNode(key: string, node: HTMLElement, column: HTMLElement, all: HTMLElement): HTMLElement | undefined {
  const own = [...column.querySelectorAll<HTMLElement>("[data-node]")];
  const at = own.indexOf(node);
  switch (key) {
    case "ArrowDown":
      return own[at + 1];
    case "ArrowUp":
      return own[at - 1];
    case "ArrowLeft":
      return all.querySelector<HTMLElement>('[data-column="causes"] [data-node]') ?? undefined;
    case "ArrowRight":
      return all.querySelector<HTMLElement>('[data-column="effects"] [data-node]') ?? undefined;
    default:
      return undefined;
  }
}
