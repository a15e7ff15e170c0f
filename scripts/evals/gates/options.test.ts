import { expect, test } from "vitest";
import { HELP, readOptions } from "./options.ts";

test("without options the committed sample is measured whole", () => {
  expect(readOptions([])).toMatchObject({ all: false, json: false, update: false, seed: "gates", parts: ["specifications", "code"] });
});

test("options choose the part, the sample and the golden set", () => {
  expect(readOptions(["--only", "code", "--seed", "mine", "--golden", "/orders", "--all", "--json"])).toEqual({
    all: true,
    json: true,
    update: false,
    seed: "mine",
    golden: "/orders",
    parts: ["code"],
  });
});

test("help is asked for and names every option", () => {
  expect(readOptions(["--help"])).toBeUndefined();
  for (const option of ["--all", "--only", "--seed", "--golden", "--json", "--update"]) expect(HELP).toContain(option);
});

test.each([
  ["an option that there is not", ["--everything"], "--everything"],
  ["a part that there is not", ["--only", "models"], "specifications or code"],
  ["a baseline of everything", ["--update", "--all"], "--update goes alone"],
  ["a baseline of one part", ["--update", "--only", "code"], "--update goes alone"],
  ["a baseline of another sample", ["--update", "--seed", "mine"], "--update goes alone"],
])("%s is refused", (_, args, said) => {
  expect(() => readOptions(args)).toThrow(expect.objectContaining({ name: "TypeError", message: expect.stringContaining(said) }));
});
