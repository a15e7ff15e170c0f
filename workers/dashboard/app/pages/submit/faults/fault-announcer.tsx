/** Says how many faults there are, to those who do not see the list, once it rests. */
import { useDelayed } from "../../../ui/use-delayed.ts";
import { announcedText } from "./fault-text.ts";

/** How long the number rests before it is said, in milliseconds: nobody wants to hear it with every letter. */
const REST_MS = 1_000;

export function FaultAnnouncer({ faults, remarks }: { readonly faults: number; readonly remarks: number }) {
  const said = useDelayed(announcedText(faults, remarks), REST_MS);
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}
