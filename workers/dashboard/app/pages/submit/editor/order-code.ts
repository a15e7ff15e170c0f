/** Colours for the fences of an order: signatures in `ts`, calls and values in `examples`. It reads words, not grammar. */
import { StreamLanguage, type StreamParser } from "@codemirror/language";

const KEYWORDS = /^(?:export|function|const|type|interface|extends|readonly|keyof|throws)\b/;
const ATOMS = /^(?:true|false|null|undefined|NaN|Infinity)\b/;

/** Names of highlighting tags, one token after the other. */
export const orderCode: StreamParser<null> = {
  name: "order-code",
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^\/\/.*/)) return "comment";
    if (stream.match(/^(["'`])(?:\\.|(?!\1).)*\1?/)) return "string";
    if (stream.match(/^-?(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)/i)) return "number";
    if (stream.match("=>")) return "definitionOperator";
    if (stream.match(KEYWORDS)) return "keyword";
    if (stream.match(ATOMS)) return "atom";
    if (stream.match(/^[\p{ID_Start}$_][\p{ID_Continue}$]*(?=\s*\()/u)) return "variableName.function";
    if (stream.match(/^(?:string|number|boolean|unknown|never|void|bigint|\p{Lu}[\p{ID_Continue}$]*)(?![\p{ID_Continue}$])/u)) return "typeName";
    if (stream.match(/^[\p{ID_Start}$_][\p{ID_Continue}$]*/u)) return "variableName";
    stream.next();
    return "punctuation";
  },
};

export const orderCodeLanguage = StreamLanguage.define(orderCode);

/** Fences of an order that hold code. */
const CODE_FENCES: ReadonlySet<string> = new Set(["ts", "typescript", "examples"]);

/** True for the info of a fence that the platform reads. */
export const isCodeFence = (info: string): boolean => CODE_FENCES.has(info.trim().split(/\s/)[0] ?? "");
