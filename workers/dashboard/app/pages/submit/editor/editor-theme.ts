/** The editor in the page's colours; they are variables, so both themes are one. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const chrome = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "transparent", fontSize: "var(--text-s)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-code)", lineHeight: "1.65", fontVariantLigatures: "none" },
  ".cm-content": { padding: "var(--space-3) 0 40vh", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 var(--space-4) 0 var(--space-2)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": {
    backgroundColor: "var(--accent-soft)",
  },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-faint)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "2.4rem", padding: "0 var(--space-2) 0 0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--surface-hover) 55%, transparent)" },
  ".cm-activeLineGutter": { color: "var(--ink)" },
  ".cm-placeholder": { color: "var(--ink-faint)" },
});

const lint = EditorView.theme({
  ".cm-gutter-lint": { width: "1.1rem" },
  ".cm-gutter-lint .cm-gutterElement": { display: "grid", placeItems: "center", padding: "0" },
  ".cm-lint-marker": { width: "8px", height: "8px", borderRadius: "50%", content: "normal" },
  ".cm-lint-marker-error": { content: "normal", backgroundColor: "var(--bad)" },
  ".cm-lint-marker-info": { content: "normal", backgroundColor: "var(--warn)" },
  ".cm-lintRange": { paddingBottom: "0" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1px", textUnderlineOffset: "3px" },
  ".cm-lintRange-info": { backgroundImage: "none", textDecoration: "underline dotted var(--warn) 1.5px", textUnderlineOffset: "3px" },
  ".cm-lintRange-active": { backgroundColor: "var(--bad-soft)" },
  ".cm-lintPoint-error:after": { borderBottomColor: "var(--bad)" },
  ".cm-tooltip": {
    maxWidth: "min(32rem, 90vw)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius-m)",
    backgroundColor: "var(--surface-raised)",
    boxShadow: "var(--shadow-raised)",
    fontFamily: "var(--font-text)",
    fontSize: "var(--text-s)",
  },
  ".cm-diagnostic": { padding: "var(--space-2) var(--space-3)", borderLeft: "3px solid transparent" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--warn)" },
  ".cm-diagnosticSource": { color: "var(--ink-faint)", fontFamily: "var(--font-code)", fontSize: "0.9em", opacity: "1" },
});

const words = HighlightStyle.define([
  { tag: tags.heading, color: "var(--ink)", fontWeight: "700" },
  { tag: tags.heading1, color: "var(--ink)", fontSize: "1.12em", fontWeight: "700" },
  { tag: [tags.processingInstruction, tags.meta, tags.contentSeparator], color: "var(--ink-faint)" },
  { tag: tags.propertyName, color: "var(--accent)" },
  { tag: tags.attributeValue, color: "var(--good)" },
  { tag: tags.monospace, color: "var(--busy)" },
  { tag: tags.labelName, color: "var(--ink-faint)" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: tags.quote, color: "var(--ink-soft)" },
  { tag: tags.comment, color: "var(--ink-faint)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: tags.number, color: "var(--warn)" },
  { tag: [tags.atom, tags.bool], color: "var(--warn)" },
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: tags.definitionOperator, color: "var(--accent)", fontWeight: "700" },
  { tag: tags.typeName, color: "var(--busy)" },
  { tag: tags.function(tags.variableName), color: "var(--ink)", fontWeight: "600" },
  { tag: tags.punctuation, color: "var(--ink-soft)" },
]);

export const editorTheme: Extension = [chrome, lint, syntaxHighlighting(words)];
