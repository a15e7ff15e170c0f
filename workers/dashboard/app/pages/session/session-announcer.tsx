/** Says aloud where the session has come to, for those who do not see the page change. */
import { wordsOf } from "../../ui/state-badges.tsx";
import { useSessionView } from "./session-view.tsx";

/** Only steps of the session are said: beads move too often to be listened to. */
export function SessionAnnouncer() {
  const { model } = useSessionView();
  const asked = model.openReviewIds.length > 0 ? ", and waits for a person" : "";
  return (
    <p className="visually-hidden" role="status">
      {model.state === null ? "" : `The session is ${wordsOf(model.state)}${asked}.`}
    </p>
  );
}
