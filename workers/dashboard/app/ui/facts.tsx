/** Names and what they are. */
import { Fragment, type ReactNode } from "react";
import styles from "./facts.module.css";

/** Facts in the order they are given; a fact that is not known is left out by who gives them. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={styles["facts"]}>
      {facts.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
