/** What the page and the worker that checks orders say to one another. */
import type { AttachedFile } from "@factory/schemas";
import type { OrderCheck } from "./order-check.ts";
import type { SettingName } from "./order-settings.ts";

/** Files are sent when they change, not with every text. */
export type OrderRequest =
  | { readonly kind: "files"; readonly files: readonly AttachedFile[] }
  | { readonly kind: "check"; readonly id: number; readonly text: string }
  | { readonly kind: "set"; readonly id: number; readonly text: string; readonly name: SettingName; readonly value: string | null };

export type OrderResponse =
  | { readonly kind: "checked"; readonly id: number; readonly check: OrderCheck }
  /** `text` is null when the field cannot be changed alone. */
  | { readonly kind: "set"; readonly id: number; readonly text: string | null };
