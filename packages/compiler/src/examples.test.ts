import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileWorkGraph } from "./compile.ts";
import { parseWorkOrder } from "./parse-work-order.ts";
import { aCompileRequest } from "./testing/requests.ts";
import { personClaimsOfOrder } from "./validations.ts";

const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url).href);

test.each(readdirSync(EXAMPLES).filter((name) => name.endsWith(".md") && name.startsWith("order-")))(
  "%s parses without a remark, compiles, and leaves nothing to a person by its words",
  (name) => {
    const parsed = parseWorkOrder(readFileSync(join(EXAMPLES, name), "utf8"));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults, null, 2));
    expect(parsed.warnings).toEqual([]);
    expect(parsed.order.reviewMode).toBe("auto");
    expect(personClaimsOfOrder(parsed.order)).toEqual([]);
    const compiled = compileWorkGraph(aCompileRequest(parsed.order));
    expect(compiled.report.remediation).toEqual([]);
    expect(compiled.claims.filter(({ functionName }) => functionName !== undefined).every(({ holdout }) => holdout.length > 0)).toBe(true);
  },
);
