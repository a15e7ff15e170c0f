/** The way that led to the chosen artifact; each step of it leads back. */
import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { typeWords } from "./lineage-layers.ts";
import { trailAfter } from "./lineage-trail.ts";
import styles from "./trail.module.css";

type Known = { readonly id: string; readonly type: string; readonly title: string };

export type TrailProps = { readonly trail: readonly string[]; readonly artifactId: string; readonly known: readonly Known[] };

export function Trail({ trail, artifactId, known }: TrailProps) {
  const byId = new Map(known.map((node) => [node.id, node]));
  const nameOf = (id: string): { readonly short: string; readonly long: string } => {
    const node = byId.get(id);
    return node === undefined ? { short: id.slice(0, 12), long: id } : { short: typeWords(node.type), long: `${typeWords(node.type)}: ${node.title || id}` };
  };
  return (
    <nav aria-label="The way here" className={styles["trail"]}>
      <ol>
        {trail.map((id) => {
          const way = trailAfter(trail, artifactId, id);
          return (
            <li key={id}>
              <Link
                from="/sessions/$sessionId/lineage"
                search={{ artifact: id, ...(way.length === 0 ? {} : { trail: way }) }}
                preload={false}
                title={nameOf(id).long}
              >
                {nameOf(id).short}
              </Link>
              <ChevronRight size={13} aria-hidden />
            </li>
          );
        })}
        <li aria-current="step" title={nameOf(artifactId).long}>
          {nameOf(artifactId).short}
        </li>
      </ol>
    </nav>
  );
}
