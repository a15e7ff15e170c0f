/** The rules of the policy in force. */
import { Facts } from "../../ui/facts.tsx";
import styles from "./knowing-state.module.css";
import { guidanceOf, otherRules, type Rules } from "./rules.ts";

export function RulesView({ rules, scope }: { readonly rules: Rules; readonly scope: string }) {
  const guidance = guidanceOf(rules);
  return (
    <div className={styles["rules"]}>
      <Facts
        facts={[
          ["Scope", scope === "" ? "no policy is in force" : <code key="scope">{scope}</code>],
          ...otherRules(rules).map(([name, value]) => [name, Array.isArray(value) ? <Tools key={name} names={value} /> : value] as const),
        ]}
      />
      {guidance.length === 0 ? null : (
        <section aria-label="Guidance">
          <h3>Guidance that the loop has taught the role</h3>
          <ul className={styles["guidance"]}>
            {guidance.map(({ from, text }) => (
              <li key={`${from} ${text}`}>
                {text} <code>{from}</code>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

/** Names of tools, each as one. */
export function Tools({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return "none";
  return (
    <span className={styles["tools"]}>
      {names.map((name) => (
        <code key={name}>{name}</code>
      ))}
    </span>
  );
}
