/** A field of the front matter that is written: taken with Enter or when it is left. */
import { useEffect, useId, useState, type KeyboardEvent } from "react";
import styles from "./settings-form.module.css";

export type SettingFieldProps = {
  readonly label: string;
  /** Null for what the front matter does not say. */
  readonly value: string | null;
  readonly placeholder: string;
  readonly onSet: (value: string | null) => void;
  readonly isNumber?: boolean;
  readonly isWide?: boolean;
};

export function SettingField({ label, value, placeholder, onSet, isNumber = false, isWide = false }: SettingFieldProps) {
  const id = useId();
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  const take = (): void => {
    const next = text.trim() === "" ? null : text.trim();
    if (next !== value) onSet(next);
  };
  const onKeyDown = ({ key }: KeyboardEvent): void => {
    if (key === "Enter") take();
    if (key === "Escape") setText(value ?? "");
  };
  return (
    <div className={styles["field"]} data-wide={isWide} data-number={isNumber}>
      <label className={styles["label"]} htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className={styles["input"]}
        value={text}
        placeholder={placeholder}
        inputMode={isNumber ? "decimal" : "text"}
        autoComplete="off"
        spellCheck={!isNumber}
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
