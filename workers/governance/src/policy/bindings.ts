/** The policy decisions' dependencies from the Worker's bindings. */
import { consoleLog } from "@factory/durable";
import { PolicyService } from "./policy-service.ts";
import { workerCedar } from "./worker-cedar.ts";

/** Not persisted: one an isolate, since reading the policies costs a hundred decisions. The configuration is the Worker's and never changes in it. */
let service: PolicyService | undefined;

/** The policy decisions of this Worker. */
export function policiesOf(env: Pick<Env, "FACTORY_ROOT_ORG">): PolicyService {
  return (service ??= new PolicyService({ engine: workerCedar, rootOrg: env.FACTORY_ROOT_ORG, log: consoleLog(), now: Date.now }));
}
