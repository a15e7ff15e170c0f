/** Labels that issues are given, with the colours that the bootstrap makes them in. The one list: what is not here is not used. */

/** Name -> colour and what it says. */
export const LABELS = {
  "factory:session": { color: "#5e6ad2", description: "A session of the factory: one work order on its way." },
  "factory:bead": { color: "#8b92e8", description: "A bead: one unit of a session's work." },
  "factory:success": { color: "#3fb950", description: "Done, checked and accepted." },
  "factory:failure": { color: "#d73a49", description: "Ended without a result." },
  "factory:retrying": { color: "#f2c94c", description: "Taken up again after an attempt that did not do." },
  "factory:waiting": { color: "#f2994a", description: "Waits for a person." },
  "factory:superseded": { color: "#95a2b3", description: "Another issue has taken its place." },
  "factory:divergence": { color: "#eb5757", description: "What was observed is not what was expected." },
  "factory:severity-low": { color: "#bec2c8", description: "A divergence of low severity." },
  "factory:severity-medium": { color: "#f2c94c", description: "A divergence of medium severity." },
  "factory:severity-high": { color: "#f2994a", description: "A divergence of high severity." },
  "factory:severity-critical": { color: "#eb5757", description: "A divergence of critical severity." },
  "factory:severity-unknown": { color: "#95a2b3", description: "A divergence whose severity nobody has told." },
  "factory:escalation": { color: "#d73a49", description: "A decision is asked of a person." },
  "factory:requires-approval": { color: "#5e6ad2", description: "Approval of what is to be built." },
  "factory:requires-decision": { color: "#f2994a", description: "A decision on how the work goes on." },
  "factory:requires-budget": { color: "#f2c94c", description: "A decision on money or on the ceiling of a run." },
  "factory:requires-acceptance": { color: "#3fb950", description: "Acceptance of what was built." },
  "factory:decided": { color: "#4cb782", description: "A person has decided." },
  "factory:advisory": { color: "#bec2c8", description: "Worth a look; nothing waits for it." },
  "factory:carried-over": { color: "#f2994a", description: "Surfaced in three periods and still open." },
  "factory:health": { color: "#26b5ce", description: "How the factory does." },
} as const;

/** Name of a label. */
export type LabelName = keyof typeof LABELS;

/** Every name, in the order of the list. */
export const LABEL_NAMES = Object.keys(LABELS) as LabelName[];

const BY_MATTER: { readonly [matter: string]: LabelName } = {
  approval: "factory:requires-approval",
  budget: "factory:requires-budget",
  clearance: "factory:requires-budget",
  acceptance: "factory:requires-acceptance",
};

/** What a review of this matter asks for. */
export function matterLabel(matter: string): LabelName {
  return Object.hasOwn(BY_MATTER, matter) ? (BY_MATTER[matter] ?? "factory:requires-decision") : "factory:requires-decision";
}
