/** A choice from a list that opens. */
import { ChevronDown } from "lucide-react";
import { Select as AriaSelect, Button, ListBox, ListBoxItem, Popover, SelectValue } from "react-aria-components";
import type { Choice } from "./choice.ts";
import styles from "./fields.module.css";

const style = (name: string): string => styles[name] ?? "";

/** One of several. */
export function Select<Id extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  readonly label: string;
  readonly choices: readonly Choice<Id>[];
  readonly value: Id;
  readonly onChange: (id: Id) => void;
}) {
  return (
    <AriaSelect
      aria-label={label}
      value={value}
      onChange={(key) => {
        const chosen = choices.find(({ id }) => id === key);
        if (chosen !== undefined) onChange(chosen.id);
      }}
    >
      <Button className={style("select")}>
        <SelectValue />
        <ChevronDown size={14} aria-hidden />
      </Button>
      <Popover className={style("popover")}>
        <ListBox items={choices}>
          {({ id, text }) => (
            <ListBoxItem id={id} textValue={text} className={style("option")}>
              {text}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
