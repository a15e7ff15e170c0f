/** One of several ways to show the same thing. */
import type { LucideIcon } from "lucide-react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import styles from "./view-toggle.module.css";

type Props<Id extends string> = {
  readonly label: string;
  readonly views: readonly { readonly id: Id; readonly text: string; readonly icon: LucideIcon }[];
  readonly value: Id;
  readonly onChange: (id: Id) => void;
};

export function ViewToggle<Id extends string>({ label, views, value, onChange }: Props<Id>) {
  const choose = (keys: ReadonlySet<string | number>): void => {
    const chosen = views.find(({ id }) => keys.has(id));
    if (chosen !== undefined) onChange(chosen.id);
  };
  return (
    <ToggleButtonGroup
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={choose}
      className={styles["group"] ?? ""}
    >
      {views.map(({ id, text, icon: Icon }) => (
        <ToggleButton key={id} id={id} className={styles["view"] ?? ""}>
          <Icon size={15} aria-hidden />
          {text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
