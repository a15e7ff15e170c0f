/** The role that is looked at. */
import * as z from "zod/mini";
import { inAddress } from "../../shared/in-address.ts";

/** Every role that an agent acts in; the list is compared with the platform's own by a test. */
export const SHOWN_ROLES = ["coder", "integrator", "verifier:outcome"] as const;

export const knowingStateSearch = z.object({ role: inAddress(z.enum(SHOWN_ROLES)) });
