/** What is wrong with an order and what it says of itself, as `factory validate` and the gateway see it. Pure; a Web Worker runs it. */
import { intakeFaults, parseWorkOrder, resolveConfig, type ParseResult } from "@factory/compiler";
import { MAX_ORDER_BYTES, MAX_SUBMISSION_BYTES, type AttachedFile, type OrderFault, type ReviewMode, type WorkOrder } from "@factory/schemas";
import { missingFiles } from "./attached-names.ts";
import { readSettings, type OrderSettings } from "./order-settings.ts";
import { utf8Bytes } from "./utf8-bytes.ts";

/** What an order without faults comes to. */
export type OrderSummary = {
  readonly title: string;
  /** As the front matter names it; null where it names none. */
  readonly assembly: string | null;
  /** The mode that holds, whoever decided it. */
  readonly reviewMode: ReviewMode;
  readonly priority: WorkOrder["priority"];
  /** US dollars; null for no budget. */
  readonly budgetUsd: number | null;
  /** Paths and globs that the front matter names. */
  readonly files: readonly string[];
  readonly criteria: number;
  readonly functions: number;
  readonly examples: number;
};

export type OrderCheck = {
  /** The text that was checked. */
  readonly text: string;
  /** What stops the order, in order of line. */
  readonly faults: readonly OrderFault[];
  /** What does not stop it. */
  readonly remarks: readonly OrderFault[];
  /** Null when it does not parse. */
  readonly summary: OrderSummary | null;
  /** Null when the front matter cannot be read. */
  readonly settings: OrderSettings | null;
};

/** Checks an order with what is attached to it. */
export function checkOrder(text: string, files: readonly AttachedFile[]): OrderCheck {
  const tooLarge = sizeFaults(text, files);
  const settings = readSettings(text);
  // An order beyond the limit is not read: no gateway would.
  const parsed: ParseResult = utf8Bytes(text) > MAX_ORDER_BYTES ? { ok: false, faults: [] } : parseWorkOrder(text);
  if (!parsed.ok) return { text, faults: [...tooLarge, ...parsed.faults], remarks: [], summary: null, settings };
  const { order, warnings } = parsed;
  const baseTree = Object.fromEntries(files.map(({ path, content }) => [path, content]));
  const paths = files.map(({ path }) => path);
  const faults = [...tooLarge, ...missingFiles(order.files, paths, text), ...intakeFaults({ order, baseTree }), ...configFaults(order)];
  return { text, faults: faults.toSorted((a, b) => a.line - b.line), remarks: warnings, summary: summaryOf(order), settings };
}

function sizeFaults(text: string, files: readonly AttachedFile[]): OrderFault[] {
  const orderBytes = utf8Bytes(text);
  if (orderBytes > MAX_ORDER_BYTES)
    return [{ line: 1, rule: "TOO_LARGE", fix: `The order has ${orderBytes} bytes; the limit is ${MAX_ORDER_BYTES}. Attach what it quotes as files.` }];
  const total = files.reduce((sum, { content }) => sum + utf8Bytes(content), orderBytes);
  if (total <= MAX_SUBMISSION_BYTES) return [];
  return [{ line: 1, rule: "TOO_LARGE", fix: `The order and its files have ${total} bytes; the limit is ${MAX_SUBMISSION_BYTES}. Attach fewer files.` }];
}

const resolved = (order: WorkOrder) => resolveConfig(order, {}, order.assembly ?? "main");

function configFaults(order: WorkOrder): OrderFault[] {
  const config = resolved(order);
  return config.ok ? [] : [{ line: 1, rule: config.code, fix: config.message }];
}

function summaryOf(order: WorkOrder): OrderSummary | null {
  const config = resolved(order);
  if (!config.ok) return null;
  return {
    title: order.title,
    assembly: order.assembly ?? null,
    reviewMode: config.config.reviewMode,
    priority: order.priority,
    budgetUsd: order.budgetUsd ?? null,
    files: order.files,
    criteria: order.acceptanceCriteria.length,
    functions: order.functions.length,
    examples: order.examples.length,
  };
}
