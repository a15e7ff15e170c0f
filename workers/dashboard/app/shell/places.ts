/** Where one may go from everywhere. */
import { Activity, Gauge, Inbox, PenLine, ShieldCheck, type LucideIcon } from "lucide-react";

/** A page: `text` fits beside its icon on a phone, `title` is what the page is called, `words` are others one may look for it by. */
export type Place = { readonly to: string; readonly text: string; readonly title: string; readonly words: string; readonly icon: LucideIcon };

export const PLACES: readonly Place[] = [
  { to: "/sessions", text: "Sessions", title: "Sessions", words: "runs orders list", icon: Activity },
  { to: "/inbox", text: "Inbox", title: "Inbox", words: "reviews approvals decide questions", icon: Inbox },
  { to: "/submit", text: "Submit", title: "Submit a work order", words: "new order editor", icon: PenLine },
  { to: "/knowing-state", text: "Knowing", title: "Knowing-state", words: "policy trust consent autonomy roles", icon: ShieldCheck },
  { to: "/operations", text: "Operations", title: "Operations", words: "health queues dead letters leases storage", icon: Gauge },
];

/** The pages whose title or words have each word of a text. */
export function placesFor(text: string): readonly Place[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return PLACES.filter(({ title, words: more }) => words.every((word) => `${title} ${more}`.toLowerCase().includes(word)));
}
