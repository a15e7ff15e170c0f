/**
 * The one place where text of a model, an order or a comment is made safe for where people read it: Linear, Markdown files and
 * HTML. What comes out shows the same characters and does nothing: no markup, no link, no mention, no reference to an issue, and
 * no disposition.
 *
 * Markdown's own syntax is escaped; what platforms recognise in plain text (addresses, mentions, issue keys) is broken up by an
 * invisible word joiner, since no escape is left of it once Markdown is read.
 *
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 * @see https://unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */

/** U+2060: zero wide, and no line breaks at it. */
const JOINER = "\u2060";

/** What steers a terminal or an editor, hides text or turns its direction. */
const UNSEEN = /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u00ad\u{e0000}-\u{e007f}]/gu;
/** Control characters but the tab and the line feed. */
const CONTROL = /(?![\t\n])\p{Cc}/gu;
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g;

/** Text without what cannot be seen; line ends are line feeds. Half a surrogate pair becomes U+FFFD. */
function visible(text: string): string {
  return text.toWellFormed().replaceAll(LINE_ENDS, "\n").replaceAll(CONTROL, "").replaceAll(UNSEEN, "");
}

/**
 * One line of plain text, for titles and table cells: white space together counts as one blank.
 *
 * @param max - most characters (code points) of the result, an ellipsis included
 */
export function oneLine(text: string, max = 200): string {
  const line = visible(text).replaceAll(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= max
    ? line
    : `${characters
        .slice(0, Math.max(0, max - 1))
        .join("")
        .trimEnd()}…`;
}

/**
 * Prose as one paragraph of Markdown that renders as exactly its characters. It may stand anywhere in a line, also in a table.
 *
 * @param max - most characters (code points) of the text that is shown
 */
export function markdownText(text: string, max = 4_000): string {
  return escapeStart(breakUpReferences(escapeInline(oneLine(text, max))));
}

/**
 * Text as a fenced block of Markdown, line by line as it is. The fence is longer than any inside.
 *
 * @param max - most characters (code points); what is cut off is counted in the last line
 */
export function markdownBlock(text: string, max = 8_000): string {
  const characters = [...visible(text)];
  const kept = characters.slice(0, max).join("");
  const cut = characters.length - max;
  const shown = triggerless(cut > 0 ? `${kept}\n… ${cut} more characters` : kept);
  const longest = Math.max(2, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${shown}\n${fence}`;
}

/** Text for an element or a quoted attribute of HTML. */
export function htmlText(text: string): string {
  return visible(text).replaceAll(/[&<>"'`=]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** The word that begins a disposition in a comment of Linear never begins one in what the factory writes. */
function triggerless(text: string): string {
  return text.replaceAll(/(disposition)(\s*:)/gi, `$1${JOINER}$2`);
}

/** What marks up text within a line, wherever it stands; an underscore inside a word marks nothing. */
function escapeInline(text: string): string {
  return text.replaceAll(/[\\`*[\]<>|~]|&(?=[#\w])|!(?=\[)|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\$&`);
}

/** Addresses, mentions, issue keys and the trigger: what platforms act on in plain text. */
function breakUpReferences(text: string): string {
  return triggerless(text)
    .replaceAll(/([a-z][a-z0-9+.-]*:)(?=\S)/gi, `$1${JOINER}`)
    .replaceAll(/\bwww\./gi, (www) => `${www.slice(0, -1)}${JOINER}.`)
    .replaceAll(/@(?=\S)/g, `@${JOINER}`)
    .replaceAll(/#(?=\d)/g, `#${JOINER}`)
    .replaceAll(/\b([a-z][a-z0-9]{0,9})-(?=\d)/gi, `$1${JOINER}-`);
}

/** What opens a block at the start of a line, or underlines a heading. */
function escapeStart(text: string): string {
  return text.replace(/^[#+=-]/, String.raw`\$&`).replace(/^(\d{1,9})([.)])/, String.raw`$1\$2`);
}
