/** A field that a list is searched by. */
import { Search, X } from "lucide-react";
import { SearchField as AriaSearchField, Button, Input } from "react-aria-components";
import styles from "./fields.module.css";

const style = (name: string): string => styles[name] ?? "";

/** It has no visible label, so the placeholder says what is searched. */
export function SearchField({ label, value, onChange }: { readonly label: string; readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <AriaSearchField aria-label={label} value={value} onChange={onChange} className={style("search")}>
      <Search size={15} aria-hidden />
      <Input className={style("input")} placeholder={label} autoComplete="off" spellCheck={false} />
      <Button className={style("clear")}>
        <X size={14} aria-hidden />
      </Button>
    </AriaSearchField>
  );
}
