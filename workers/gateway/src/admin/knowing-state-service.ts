/** The read of `factory.v1.FactoryAdmin` that says what governs a role. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { orgScope, roleScope } from "@factory/bead-graph";
import { agentIdOf } from "@factory/gears";
import { FactoryError, ROLES, type Role } from "@factory/schemas";
import type { GetKnowingStateRequest, GetKnowingStateResponseSchema } from "@factory/schemas/proto";
import type { BeadLine, KnowingStateBead } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import type { GatewayDeps } from "../deps.ts";
import { knowingStateView } from "./knowing-state-view.ts";
import type { CallScope } from "../sessions.ts";

/** Beads of each line that an answer shows. */
const HISTORY_ENTRIES = 5;
/** Open amendments that an answer shows. */
const OPEN_AMENDMENTS = 20;
/** Longest name of a subject, in UTF-16 code units. */
const MAX_SUBJECT_CHARS = 160;

/** What governs a role now, and why. @throws FactoryError INVALID_ARGUMENT for an unknown role */
export async function knowingStateOf(
  deps: GatewayDeps,
  { principal, signal }: CallScope,
  request: GetKnowingStateRequest,
): Promise<MessageInitShape<typeof GetKnowingStateResponseSchema>> {
  const role = roleOf(request.role);
  if (request.subjectId.length > MAX_SUBJECT_CHARS) throw new FactoryError("INVALID_ARGUMENT", `subject_id may have ${MAX_SUBJECT_CHARS} characters.`);
  const subject = request.subjectId === "" ? agentIdOf(role) : request.subjectId;
  const graph = deps.beadGraph(principal.org);
  const last = (type: BeadLine["type"], of: string): Promise<KnowingStateBead[]> => graph.history({ type, subject: of }, HISTORY_ENTRIES);
  const [snapshot, rolePolicy, orgPolicy, trust, consent, openAmendments] = await abortable(
    signal,
    Promise.all([
      graph.snapshot(role, subject),
      last("policy", roleScope(role)),
      last("policy", orgScope),
      last("trust", subject),
      last("consent", role),
      graph.openAmendments(undefined, OPEN_AMENDMENTS),
    ]),
  );
  return knowingStateView({ snapshot, lines: { rolePolicy, orgPolicy, trust, consent }, openAmendments }, deps.now());
}

function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new FactoryError("INVALID_ARGUMENT", `role must be one of ${ROLES.join(", ")}.`);
  return role;
}
