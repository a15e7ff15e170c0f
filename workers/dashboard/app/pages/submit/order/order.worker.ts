/** Checks orders beside the page, so that typing waits for nothing. */
import type { AttachedFile } from "@factory/schemas";
import { sendTo } from "../send-to.ts";
import { checkOrder } from "./order-check.ts";
import type { OrderRequest, OrderResponse } from "./order-messages.ts";
import { withSetting } from "./order-settings.ts";

/** Not persisted: the files as the page sent them last. */
let files: readonly AttachedFile[] = [];

addEventListener("message", ({ data }: MessageEvent<OrderRequest>) => {
  const response = answer(data);
  if (response !== null) sendTo<OrderResponse>(globalThis, response);
});

function answer(request: OrderRequest): OrderResponse | null {
  switch (request.kind) {
    case "files":
      ({ files } = request);
      return null;
    case "check":
      return { kind: "checked", id: request.id, check: checkOrder(request.text, files) };
    case "set":
      return { kind: "set", id: request.id, text: withSetting(request.text, request.name, request.value) };
    default:
      return request satisfies never;
  }
}
