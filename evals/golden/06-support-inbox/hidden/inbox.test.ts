import { expect, test } from "vitest";
import { isAutomatic, mentions, ownLines, preview, ticketRef } from "../src/index.ts";

test("quotes go, everything else stays in its order", () => {
  const mail = Object.freeze(["> q", "a", " > b", "", ">"]) as unknown as string[];
  expect(ownLines(mail)).toEqual(["a", " > b", ""]);
});

test("a mention starts a word", () => {
  expect(mentions("a@b @c d@ @e")).toEqual(["@c", "@e"]);
});

test("a preview never loses a text that fits", () => {
  expect([preview("12345", 5), preview("123456", 5), preview("1", 0)]).toEqual(["12345", "12345…", "…"]);
});

test("references and automatic mails", () => {
  expect(ticketRef("Ops", 42)).toBe("OPS-42");
  expect([isAutomatic("aUtOmAtIc RePlY"), isAutomatic("automatic"), isAutomatic("an automatic reply")]).toEqual([true, false, true]);
});
