/** Choices that narrow a list. */
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import type { Choice } from "./choice.ts";
import styles from "./fields.module.css";

const style = (name: string): string => styles[name] ?? "";

/** Any number of several, as chips that are on or off. */
export function FilterChips<Id extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  readonly label: string;
  readonly choices: readonly Choice<Id>[];
  readonly value: readonly Id[];
  readonly onChange: (ids: Id[]) => void;
}) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      selectionMode="multiple"
      selectedKeys={value}
      onSelectionChange={(keys) => onChange(choices.filter(({ id }) => keys.has(id)).map(({ id }) => id))}
      className={style("chips")}
    >
      {choices.map(({ id, text, count }) => (
        <ToggleButton key={id} id={id} className={style("chip")}>
          {text}
          {count === undefined ? null : <span>{count}</span>}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
