/** Says which tools the agent of a role may call, or ends it. */
import { GEARS, isToolName, TOOL_NAMES, TOOLS } from "@factory/gears";
import { ROLES } from "@factory/schemas";
import { useState } from "react";
import { factoryClient } from "../../data/factory-client.ts";
import { Checkbox } from "../../ui/checkbox.tsx";
import { Select } from "../../ui/select.tsx";
import { ChangeDialog } from "./change-dialog.tsx";
import styles from "./change-dialog.module.css";
import { effectSentence, endOf, partsOf, TERMS, TERM_TEXTS, toolChanges, type Term } from "./governing.ts";
import type { RoleDialogProps } from "./trust-dialogs.tsx";

export function SetConsentDialog({ state, onClose, onChanged }: RoleDialogProps) {
  const { role, grants } = state;
  const [chosen, setChosen] = useState<readonly string[]>(grants.filter(isToolName));
  const [term, setTerm] = useState<Term>("never");
  const { added, removed } = toolChanges(grants, chosen);
  const lacking = needsOf(role).filter((name) => !chosen.includes(name));
  const sentences = [
    ...(added.length === 0 ? [] : [`${role} may call from now on: ${added.join(", ")}.`]),
    ...(removed.length === 0 ? [] : [`${role} may no longer call: ${removed.join(", ")}.`]),
    ...(added.length + removed.length === 0 ? [`${role} may call what it may call now: ${chosen.join(", ") || "no tools"}.`] : []),
    `${TERM_TEXTS[term]}.`,
    ...(lacking.length === 0 ? [] : [`Without ${lacking.join(" and ")} the role cannot do its work.`]),
  ];
  return (
    <ChangeDialog
      title={`Consent to ${role}`}
      verb="Set the consent"
      changes={sentences}
      onClose={onClose}
      change={async () => {
        const { changed } = await factoryClient.admin.setConsent({ role, grants: [...chosen], expiresAt: endOf(term, Date.now()) });
        onChanged(changed ? `The consent to ${role} is set.` : `The consent to ${role} said so already; nothing changed.`);
      }}
    >
      <fieldset className={styles["tools"]}>
        <legend>Tools that the role may call: these and no others</legend>
        {TOOL_NAMES.map((name) => (
          <div key={name} className={styles["tool"]}>
            <Checkbox
              isSelected={chosen.includes(name)}
              onChange={(on) => setChosen((before) => TOOL_NAMES.filter((tool) => (tool === name ? on : before.includes(tool))))}
            >
              <code>{name}</code>
            </Checkbox>
            <span>{firstSentence(TOOLS[name].description)}</span>
          </div>
        ))}
      </fieldset>
      <Select label="End" choices={TERMS.map((id) => ({ id, text: TERM_TEXTS[id] }))} value={term} onChange={setTerm} />
    </ChangeDialog>
  );
}

export function RevokeConsentDialog({ state, onClose, onChanged }: RoleDialogProps) {
  const { role, grants } = state;
  return (
    <ChangeDialog
      title={`End the consent to ${role}`}
      verb="Revoke the consent"
      isDanger
      changes={[`${role} may no longer call: ${grants.join(", ") || "no tools"}.`, effectSentence(partsOf(state), "consent", "SUGGEST")]}
      onClose={onClose}
      change={async () => {
        const { changed } = await factoryClient.admin.revokeConsent({ role });
        onChanged(changed ? `The consent to ${role} is revoked.` : `There was no consent to ${role} to revoke.`);
      }}
    />
  );
}

function needsOf(name: string): readonly string[] {
  const role = ROLES.find((known) => known === name);
  return role === undefined ? [] : GEARS[role].needs;
}

const firstSentence = (text: string): string => `${text.split(". ")[0]?.replace(/\.$/, "") ?? text}.`;
