/** Chooses an artifact of the session, by type and by words. */
import { Link } from "@tanstack/react-router";
import { ListFilter } from "lucide-react";
import { useState } from "react";
import { errorText } from "../../../data/error-text.ts";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { SearchField } from "../../../ui/search-field.tsx";
import { Select } from "../../../ui/select.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { artifactsFound, titleOf, typesOf } from "./artifact-search.ts";
import styles from "./artifact-picker.module.css";
import { typeWords } from "./lineage-layers.ts";
import { useSessionArtifacts } from "./use-chosen-artifact.ts";

/** Artifacts that are listed at once; words narrow the rest. */
const SHOWN = 150;
const EVERY_TYPE = "";

export function ArtifactPicker() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button icon={ListFilter} onPress={() => setOpen(true)}>
        Choose an artifact
      </Button>
      <Dialog title="Choose an artifact" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Choices onChosen={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function Choices({ onChosen }: { readonly onChosen: () => void }) {
  const { nodes, error, retry } = useSessionArtifacts(true);
  const [words, setWords] = useState("");
  const [type, setType] = useState(EVERY_TYPE);
  if (nodes === null) {
    return error === null ? (
      <SkeletonLines lines={6} label="Loading the artifacts" />
    ) : (
      <FailedState title="The artifacts could not be read" message={errorText(error)} onRetry={retry} />
    );
  }
  const found = artifactsFound(nodes, words, type === EVERY_TYPE ? null : type);
  const types = typesOf(nodes).map(({ type: name, count }) => ({ id: name, text: `${typeWords(name)} (${count})` }));
  return (
    <div className={styles["picker"]}>
      <div className={styles["narrowing"]}>
        <SearchField label="Search titles and ids" value={words} onChange={setWords} />
        <Select label="Type of artifact" choices={[{ id: EVERY_TYPE, text: "Every type" }, ...types]} value={type} onChange={setType} />
      </div>
      <p role="status" className={styles["count"]}>
        {found.length > SHOWN ? `The first ${SHOWN} of ${countText(found.length, "artifact")}; search to narrow them` : countText(found.length, "artifact")}
      </p>
      <ul className={styles["list"]}>
        {found.slice(0, SHOWN).map((artifact) => (
          <li key={artifact.id}>
            <Link from="/sessions/$sessionId/lineage" search={{ artifact: artifact.id }} preload={false} className={styles["choice"]} onClick={onChosen}>
              <span className={styles["type"]}>{typeWords(artifact.type ?? "Unknown")}</span>
              <span className={styles["title"]}>{titleOf(artifact)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
