/** A sentence of the platform with its ids set as ids, so that its words can be read. */
import { Fragment } from "react";
import { textParts } from "./text-parts.ts";

export function TextWithIds({ text }: { readonly text: string }) {
  return textParts(text).map((part, index) => <Fragment key={index}>{part.isId ? <code>{part.text}</code> : part.text}</Fragment>);
}
