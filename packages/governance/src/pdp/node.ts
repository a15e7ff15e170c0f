/** Policies where files and Node's Cedar are: the command line, generators and tests. */
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { CedarEngine } from "./cedar-engine.ts";

export * from "./policy-directory.ts";

/** Cedar as Node loads it. */
export const nodeCedar: CedarEngine = cedar;
