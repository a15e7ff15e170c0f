/** What a bead was told to do. */
import { CodeBlock, Id } from "../../../ui/code.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Money } from "../../../ui/figures.tsx";
import { DetailSection } from "./detail-section.tsx";
import { directiveView } from "./directive-view.ts";
import type { BeadDetail } from "./graph-queries.ts";

const listText = (texts: readonly string[] | undefined): string => (texts === undefined || texts.length === 0 ? "none" : texts.join(", "));

export function DirectiveSection({ directive }: { readonly directive: BeadDetail["directive"] }) {
  if (directive === null) {
    return (
      <DetailSection name="Directive">
        <p>Its write is on its way.</p>
      </DetailSection>
    );
  }
  const view = directiveView(directive.data);
  return (
    <DetailSection name="Directive">
      <Facts
        facts={[
          ["Id", <Id key="id" id={directive.id} />],
          ...(view === null
            ? []
            : ([
                ["Claims", listText(view.claimRefs)],
                ["May write", listText(view.fileScope?.write)],
                ["May read", listText(view.fileScope?.read)],
                ["Tools", listText(view.toolPolicy?.permitted)],
                ["Model", view.model?.alias ?? "–"],
                ["Attempts", view.retryPolicy?.maxAttempts ?? "–"],
                ["Budget", <Money key="budget" usd={view.budgetUsd ?? null} />],
              ] as const)),
        ]}
      />
      {view === null ? <p>The directive is too large to be shown here, or of a newer factory.</p> : <CodeBlock text={view.instructions} label="instructions" />}
    </DetailSection>
  );
}
