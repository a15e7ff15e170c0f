/** A field for text that a person fills in. */
import { TextField as AriaTextField, FieldError, Input, Label, Text, TextArea } from "react-aria-components";
import styles from "./fields.module.css";

const style = (name: string): string => styles[name] ?? "";

export type TextFieldProps = {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly help?: string;
  /** Said beside the field, and it is marked as wrong. */
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly type?: "text" | "password";
  /** Several lines. */
  readonly multiline?: boolean;
  readonly isRequired?: boolean;
  readonly autoFocus?: boolean;
};

/** One line, or several; what is wrong with it is said beside it. */
export function TextField({ label, help, error, placeholder = "", multiline = false, ...props }: TextFieldProps) {
  return (
    <AriaTextField {...props} className={style("field")} isInvalid={error !== undefined}>
      <Label className={style("label")}>{label}</Label>
      {multiline ? (
        <TextArea className={style("input")} placeholder={placeholder} />
      ) : (
        <Input className={style("input")} placeholder={placeholder} autoComplete="off" spellCheck={false} />
      )}
      {help === undefined ? null : (
        <Text slot="description" className={style("help")}>
          {help}
        </Text>
      )}
      <FieldError className={style("error")}>{error}</FieldError>
    </AriaTextField>
  );
}
