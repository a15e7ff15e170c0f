/** The editor of work orders, put together from the parts of CodeMirror that it needs. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { insertNewlineContinueMarkup } from "@codemirror/lang-markdown";
import { indentUnit } from "@codemirror/language";
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { editorTheme } from "./editor-theme.ts";
import { changeTo, lineAt, marksOf, type Findings } from "./line-marks.ts";
import { orderLanguage } from "./order-language.ts";

export type EditorOptions = {
  readonly parent: HTMLElement;
  readonly text: string;
  readonly label: string;
  /** Id of the element that says how the keyboard leaves the editor. */
  readonly helpId: string;
  readonly onChange: (text: string) => void;
  readonly onSubmit: () => void;
};

/** What the page does with the editor. */
export type EditorHandle = {
  /** Puts the cursor at the beginning of a line, counted from 1, and shows it. */
  goTo(line: number): void;
  /** Makes the text another one, in a step that can be undone. */
  replace(text: string): void;
  mark(findings: Findings): void;
  destroy(): void;
};

export function createEditor({ parent, text, label, helpId, onChange, onSubmit }: EditorOptions): EditorHandle {
  const submit = (): boolean => {
    onSubmit();
    return true;
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        EditorView.lineWrapping,
        indentUnit.of("  "),
        orderLanguage(),
        editorTheme,
        placeholder("# Title of the order"),
        // Escape and then Tab leaves: the library lets one Tab through after an Escape.
        keymap.of([
          { key: "Mod-Enter", run: submit },
          { key: "Enter", run: insertNewlineContinueMarkup },
          { key: "F8", run: nextDiagnostic, shift: previousDiagnostic },
          indentWithTab,
          ...historyKeymap,
          ...defaultKeymap,
        ]),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": helpId, tabindex: "0", spellcheck: "true", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    goTo(line) {
      const { from } = lineAt(line, view.state.doc);
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    replace(next) {
      const change = changeTo(view.state.doc.toString(), next);
      if (change !== null) view.dispatch({ changes: change });
    },
    mark(findings) {
      view.dispatch(setDiagnostics(view.state, marksOf(findings, view.state.doc)));
    },
    destroy: () => view.destroy(),
  };
}
