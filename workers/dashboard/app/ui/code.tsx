/** Text of machines: code, output, ids. It is shown as text always; nothing of it is taken for markup. */
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { IconButton } from "./button.tsx";
import styles from "./code.module.css";

/** How long the button says that the text was copied, in milliseconds. */
const COPIED_MS = 1_500;

/** Copies a text. */
export function CopyButton({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return <IconButton label={copied ? "Copied" : label} icon={copied ? Check : Copy} onPress={() => void copy()} />;
}

/** Several lines with a button that copies them; it can be scrolled by keyboard. */
export function CodeBlock({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className={styles["block"]}>
      {/* A region that scrolls has to take the focus, or a keyboard cannot scroll it. */}
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <div className={styles["copy"]}>
        <CopyButton text={text} label={`Copy ${label}`} />
      </div>
    </div>
  );
}

/** An id, shortened by the room it has, and copied whole. */
export function Id({ id }: { readonly id: string }) {
  return (
    <span className={styles["id"]}>
      <span title={id}>{id}</span>
      <CopyButton text={id} label={`Copy ${id}`} />
    </span>
  );
}
