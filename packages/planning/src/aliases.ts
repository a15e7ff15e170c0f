/** Aliases of the models that plan and judge; FACTORY_MODELS says which model stands behind each. */

/** Plans, and forms hypotheses. */
export const PLANNER_ALIAS = "factory/architect";
/** Judges what others have written. */
export const CRITIC_ALIAS = "factory/critic";
