/** A box to tick. */
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { Checkbox as AriaCheckbox } from "react-aria-components";
import styles from "./fields.module.css";

const style = (name: string): string => styles[name] ?? "";

/** Yes or no. */
export function Checkbox({
  isSelected,
  onChange,
  children,
}: {
  readonly isSelected: boolean;
  readonly onChange: (on: boolean) => void;
  readonly children: ReactNode;
}) {
  return (
    <AriaCheckbox isSelected={isSelected} onChange={onChange} className={style("check")}>
      <span className={style("box")}>
        <Check size={13} aria-hidden />
      </span>
      {children}
    </AriaCheckbox>
  );
}
