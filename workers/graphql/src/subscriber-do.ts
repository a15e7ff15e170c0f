/** A shard of client sockets as a Durable Object. */
import { DurableObject } from "cloudflare:workers";

/** Sockets of one shard; named by `objectName.subscribers`. */
export class SubscriberDO extends DurableObject<Env> {}
