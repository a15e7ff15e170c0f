/** The schema of `/graphql`, from its one typed source; `schema.graphql` is made from it. */
import "./session-type.ts";
import "./order-types.ts";
import "./run-types.ts";
import "./bead-type.ts";
import "./artifact-types.ts";
import "./judgement-types.ts";
import "./cost-types.ts";
import "./event-types.ts";
import "./query-type.ts";
import "./subscription-type.ts";
import { builder } from "./builder.ts";

/** Queries and subscriptions; there are no mutations. */
export const schema = builder.toSchema();
