import { expect, test } from "vitest";
import { submittedOrder } from "./submitted-order.ts";
import { aRequest } from "./testing/builders.ts";
import { commissioned, Surroundings } from "./testing/surroundings.ts";

test("the order is read as it was submitted, by its own org and while there is a session", async () => {
  const request = aRequest();
  const { session } = new Surroundings();
  expect(submittedOrder(session.store, request.org)).toBeNull();
  const world = await commissioned(new Surroundings(), request);
  expect(submittedOrder(world.session.store, request.org)).toEqual({ workOrderId: request.workOrderId, title: request.order.title, text: request.orderText });
  expect(submittedOrder(world.session.store, "rival")).toBeNull();
});
