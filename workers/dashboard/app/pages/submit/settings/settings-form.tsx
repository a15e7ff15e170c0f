/** The fields of the order's front matter as a form above its text, which stays the truth. */
import { useState } from "react";
import type { Choice } from "../../../ui/choice.ts";
import { Select } from "../../../ui/select.tsx";
import type { OrderSummary } from "../order/order-check.ts";
import type { OrderSettings, SettingName } from "../order/order-settings.ts";
import { REVIEW_TEXTS } from "./review-texts.ts";
import styles from "./settings-form.module.css";
import { SettingField } from "./setting-field.tsx";

/** The list's name for what the front matter does not say. */
const UNSAID = "unsaid";

const MODES = (["auto", "human", "hybrid"] as const).map((id) => ({ id, text: REVIEW_TEXTS[id] }));
const PRIORITIES = [
  { id: "low", text: "Low" },
  { id: "normal", text: "Normal" },
  { id: "high", text: "High" },
  { id: "urgent", text: "Urgent" },
] as const;

export type SettingsFormProps = {
  readonly settings: OrderSettings | null;
  readonly summary: OrderSummary | null;
  /** Answers false when the field cannot be changed alone. */
  readonly onSet: (name: SettingName, value: string | null) => Promise<boolean>;
};

export function SettingsForm({ settings, summary, onSet }: SettingsFormProps) {
  const [refused, setRefused] = useState(false);
  if (settings === null) return <p className={styles["note"]}>The front matter cannot be read; mend it to change its fields here.</p>;
  const set = (name: SettingName) => (value: string | null) => void onSet(name, value).then((done) => setRefused(!done));
  return (
    <div className={styles["form"]} role="group" aria-label="Front matter">
      <SettingField label="Title" value={settings.title} placeholder={summary?.title ?? "From the first heading"} onSet={set("title")} isWide />
      <Chosen label="Review" isWide value={settings.review_mode} choices={MODES} unsaid="default: a person approves" onSet={set("review_mode")} />
      <SettingField label="Assembly" value={settings.assembly} placeholder="main" onSet={set("assembly")} />
      <Chosen label="Priority" value={settings.priority} choices={PRIORITIES} unsaid="default: normal" onSet={set("priority")} />
      <SettingField label="Budget, $" value={settings.budget_usd} placeholder="none" onSet={set("budget_usd")} isNumber />
      {refused ? (
        <p className={styles["note"]} role="alert">
          The front matter is written so that this field cannot be changed alone. Change it in the text.
        </p>
      ) : null}
    </div>
  );
}

type ChosenProps = {
  readonly label: string;
  readonly value: string | null;
  readonly choices: readonly Choice<string>[];
  readonly unsaid: string;
  readonly isWide?: boolean;
  readonly onSet: (value: string | null) => void;
};

function Chosen({ label, value, choices, unsaid, isWide = false, onSet }: ChosenProps) {
  // What the parser refuses is shown as it is written, so that the form does not seem to say something else.
  const unknown = value !== null && choices.every(({ id }) => id !== value) ? [{ id: value, text: value }] : [];
  return (
    <div className={styles["field"]} data-wide={isWide}>
      <span className={styles["label"]} aria-hidden>
        {label}
      </span>
      <Select
        label={label}
        value={value ?? UNSAID}
        choices={[{ id: UNSAID, text: unsaid }, ...choices, ...unknown]}
        onChange={(id) => onSet(id === UNSAID ? null : id)}
      />
    </div>
  );
}
