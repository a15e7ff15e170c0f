/** Delivery of a mediation object's effects to the objects they are for. */
import type { Delivery, Effect } from "@factory/durable";
import { ERRORS, FactoryError } from "@factory/schemas";
import type { EventWrite, Result } from "@factory/schemas";
import type { ArtifactGraphRpc, CompileRequest, CoordinatorRpc, SessionLogRpc, SessionRpc } from "@factory/schemas/rpc";
import { TARGETS } from "./effects.ts";
import type { EffectPayload } from "./effects.ts";
import type { Mediation } from "./mediation.ts";
import type { MediationStore } from "./mediation-store.ts";

/** The objects that effects go to, each got anew: a stub that broke stays broken. */
export interface DeliveryPorts {
  readonly graph: (org: string, assembly: string) => Pick<ArtifactGraphRpc, "append">;
  readonly log: (org: string, sessionId: string) => Pick<SessionLogRpc, "append">;
  readonly coordinator: (org: string, runId: string) => Pick<CoordinatorRpc, "seed" | "amendGraph" | "reopen" | "clear">;
  readonly session: (org: string, sessionId: string) => Pick<SessionRpc, "report">;
}

/** What delivery reads of the object. */
export interface DeliveryDeps {
  readonly ports: DeliveryPorts;
  readonly mediation: Pick<Mediation, "state" | "seed" | "graphAmendment" | "reopen" | "clearance">;
  readonly store: Pick<MediationStore, "artifactsOf">;
}

/** Delivers consecutive effects of one target. Each receiver knows an effect or event that it has seen. */
export async function deliver(deps: DeliveryDeps, target: string, effects: readonly Effect[]): Promise<Delivery> {
  const state = deps.mediation.state();
  const known = TARGETS.find((name) => name === target);
  if (state === undefined || known === undefined) return { ok: false, terminal: `Nothing is known of the target ${target}.` };
  const { request, runId } = state.run;
  // Payloads were written by this object as what they are read as.
  const sent = effects.map(({ effectId, payload }) => ({ effectId, payload: payload as EffectPayload }));
  switch (known) {
    case "graph":
      return inTurn(sent, ({ payload }) => append(deps, request, payload));
    case "log": {
      const events = sent.flatMap(({ payload }): EventWrite[] => (payload.kind === "event" ? [payload.event] : []));
      const { org, sessionId, workOrderId, assembly } = request;
      return deliveryOf(await deps.ports.log(org, sessionId).append({ org, sessionId, workOrderId, assemblyId: assembly }, events));
    }
    case "coordinator":
      return inTurn(sent, ({ effectId, payload }) => {
        const coordinator = deps.ports.coordinator(request.org, runId);
        if (payload.kind === "amend-graph") return coordinator.amendGraph(effectId, deps.mediation.graphAmendment(payload.key));
        if (payload.kind === "clear") return coordinator.clear(effectId, deps.mediation.clearance(payload.key), "Mediation has written it.");
        if (payload.kind === "reopen") return coordinator.reopen(effectId, deps.mediation.reopen(payload.key));
        return coordinator.seed(effectId, deps.mediation.seed());
      });
    case "session":
      return inTurn(sent, ({ effectId, payload }) => {
        if (payload.kind !== "report") throw new FactoryError("INTERNAL", `${effectId} is no report.`);
        return deps.ports.session(request.org, request.sessionId).report(effectId, payload.report);
      });
    default: {
      const unknown: never = known;
      return unknown;
    }
  }
}

function append({ ports, store }: DeliveryDeps, { org, assembly }: CompileRequest, payload: EffectPayload): Promise<Result<{ written: number }>> {
  if (payload.kind !== "append") throw new FactoryError("INTERNAL", `${payload.kind} does not go to the artifact graph.`);
  const { nodes, edges } = store.artifactsOf(payload.batch);
  return ports.graph(org, assembly).append(nodes, edges);
}

/** One after the other; the first that is not taken ends the batch. */
async function inTurn<T>(items: readonly T[], send: (item: T) => Promise<Result>): Promise<Delivery> {
  for (const item of items) {
    const delivery = deliveryOf(await send(item));
    if (!delivery.ok) return delivery;
  }
  return { ok: true };
}

/** A refusal that no repetition mends parks the effect; any other is tried again. */
export function deliveryOf(result: Result): Delivery {
  if (result.ok) return { ok: true };
  return ERRORS[result.code].retry === "never" ? { ok: false, terminal: `${result.code}: ${result.message}` } : { ok: false };
}
