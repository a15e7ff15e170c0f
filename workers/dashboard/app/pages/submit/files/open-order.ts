/** An order from files that were opened or dropped where none is written yet: one is the order, the rest goes with it. */
import { MAX_ORDER_BYTES } from "@factory/schemas";
import type { Draft } from "../draft/draft-store.ts";
import { namedFiles } from "../order/order-settings.ts";
import { utf8Bytes } from "../order/utf8-bytes.ts";
import { attachFiles, type OfferedFile, type Refused } from "./attach-files.ts";

export type Opened =
  | { readonly ok: true; readonly draft: Draft; readonly refused: readonly Refused[] }
  /** None of the files is an order. */
  | { readonly ok: false; readonly reason: string };

/** Opens what was offered. Of several Markdown files the one nearest to the top is the order. */
export async function openOrder(offered: readonly OfferedFile[]): Promise<Opened> {
  const depth = ({ path }: OfferedFile): number => path.split("/").length;
  const [order] = offered.filter(({ path }) => /\.(?:md|markdown|txt)$/i.test(path)).toSorted((a, b) => depth(a) - depth(b));
  if (order === undefined) return { ok: false, reason: "None of these files is an order: an order is a Markdown file." };
  if (order.size > MAX_ORDER_BYTES) return { ok: false, reason: `${order.path} is larger than ${MAX_ORDER_BYTES} bytes, which is the most an order may have.` };
  const text = utf8Text(await order.arrayBuffer());
  if (text === null) return { ok: false, reason: `${order.path} is not UTF-8 text.` };
  const rest = offered.filter((file) => file !== order).map((file) => ({ ...file, arrayBuffer: file.arrayBuffer, path: besides(order.path, file.path) }));
  const { files, refused } = await attachFiles([], rest, namedFiles(text), utf8Bytes(text));
  return { ok: true, draft: { text, files }, refused };
}

/** A path as it is seen from the order's folder, when it is in it. */
function besides(order: string, path: string): string {
  const folder = order.slice(0, order.lastIndexOf("/") + 1);
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}

function utf8Text(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r\n?/g, "\n");
  } catch {
    // The decoder's own message names no file.
    return null;
  }
}
