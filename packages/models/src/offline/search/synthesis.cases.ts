/**
 * Functions an order may ask for, each with examples that are shown and cases that are held out. They measure how well
 * the search generalises; nothing in the search knows them. The reference gives the expected values.
 */
import type { TaskExample, TaskParam } from "./synthesize.ts";

/** One function of the measure. */
export type SynthesisCase = {
  readonly name: string;
  readonly params: readonly TaskParam[];
  readonly returnType: string;
  readonly words: readonly string[];
  readonly visible: readonly TaskExample[];
  readonly hidden: readonly TaskExample[];
};

type Args = readonly unknown[];

/** Splits `a: number, b: { x: string }[]` at the commas between parameters. */
function paramsOf(text: string): TaskParam[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of text) {
    if ("{[<(".includes(char)) depth += 1;
    if ("}]>)".includes(char)) depth -= 1;
    if (char === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  return [...parts, part].map((item) => {
    const at = item.indexOf(":");
    const name = item.slice(0, at).trim();
    return name.endsWith("?") ? { name: name.slice(0, -1), type: item.slice(at + 1).trim(), optional: true } : { name, type: item.slice(at + 1).trim() };
  });
}

function caseOf(
  name: string,
  params: string,
  returnType: string,
  reference: (...args: never[]) => unknown,
  visible: readonly Args[],
  hidden: readonly Args[],
  ...words: string[]
): SynthesisCase {
  const expect = (args: Args): TaskExample => {
    try {
      return { args, expected: (reference as (...values: unknown[]) => unknown)(...structuredClone([...args])) };
    } catch (err) {
      return { args, throws: err instanceof Error ? err.name : "Error" };
    }
  };
  return { name, params: paramsOf(params), returnType, words, visible: visible.map(expect), hidden: hidden.map(expect) };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;
const fail = (error: Error): never => {
  throw error;
};

type Line = { price: number; qty: number };
const line = (price: number, qty: number): Line => ({ price, qty });

/** Functions over numbers. */
const NUMBERS: readonly SynthesisCase[] = [
  caseOf(
    "clamp",
    "value: number, low: number, high: number",
    "number",
    (v: number, l: number, h: number) => Math.min(Math.max(v, l), h),
    [
      [5, 0, 10],
      [-3, 0, 10],
      [14, 0, 10],
      [7, 8, 9],
    ],
    [
      [20, 1, 5],
      [-9, -5, 5],
      [2, 1, 3],
    ],
  ),
  caseOf("celsiusToFahrenheit", "celsius: number", "number", (c: number) => (c * 9) / 5 + 32, [[0], [100], [-40], [37], [20]], [[10], [-10], [25]]),
  caseOf(
    "isLeapYear",
    "year: number",
    "boolean",
    (y: number) => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0,
    [[2000], [1900], [2024], [2023], [2100], [1996]],
    [[2400], [1800], [2022]],
  ),
  caseOf(
    "fizzBuzz",
    "n: number",
    "string",
    (n: number) => (n % 15 === 0 ? "FizzBuzz" : n % 3 === 0 ? "Fizz" : n % 5 === 0 ? "Buzz" : String(n)),
    [[1], [3], [5], [15], [9], [20], [30], [7]],
    [[2], [33], [45], [50]],
  ),
  caseOf(
    "discounted",
    "total: number",
    "number",
    (t: number) => round2(t >= 100 ? t * 0.9 : t),
    [[50], [99.99], [100], [200], [150]],
    [[120], [80], [1000]],
    "Orders of 100 or more get 10% off.",
  ),
  caseOf(
    "discountRate",
    "quantity: number",
    "number",
    (q: number) => (q >= 100 ? 0.2 : q >= 50 ? 0.1 : q >= 10 ? 0.05 : 0),
    [[1], [9], [10], [49], [50], [99], [100]],
    [[30], [75], [500], [5]],
  ),
  caseOf("shippingCost", "weight: number", "number", (w: number) => (w <= 1 ? 5 : w <= 5 ? 8 : 12), [[0.5], [1], [3], [5], [6], [20]], [[2], [0.1], [10]]),
  caseOf(
    "shippingByWeight",
    "kilos: number",
    "number",
    (w: number) => (w <= 2 ? 4 : 4 + (w - 2) * 1.5),
    [[1], [2], [4], [6], [10]],
    [[3], [8], [0.5]],
    "Up to 2 kilos cost 4, each further kilo 1.5.",
  ),
  caseOf(
    "withTax",
    "amount: number, rate: number",
    "number",
    (a: number, r: number) => round2(a * (1 + r)),
    [
      [100, 0.2],
      [19.99, 0.07],
      [5.5, 0.19],
      [0, 0.2],
    ],
    [
      [49.95, 0.21],
      [12.34, 0.1],
    ],
  ),
  caseOf(
    "taxOf",
    "amount: number, percent: number",
    "number",
    (a: number, p: number) => round2((a * p) / 100),
    [
      [100, 20],
      [19.99, 7],
      [5.5, 19],
      [33.33, 8],
    ],
    [
      [49.95, 21],
      [12.34, 10],
    ],
  ),
  caseOf(
    "compound",
    "principal: number, rate: number, years: number",
    "number",
    (p: number, r: number, y: number) => round2(p * (1 + r) ** y),
    [
      [1000, 0.05, 1],
      [1000, 0.05, 2],
      [500, 0.1, 3],
      [200, 0.02, 10],
    ],
    [
      [1500, 0.03, 5],
      [100, 0.07, 4],
    ],
  ),
  caseOf(
    "percentChange",
    "before: number, after: number",
    "number",
    (a: number, b: number) => round2(((b - a) / a) * 100),
    [
      [100, 150],
      [200, 150],
      [80, 100],
      [3, 4],
    ],
    [
      [60, 90],
      [50, 20],
    ],
  ),
  caseOf(
    "bmi",
    "kilos: number, metres: number",
    "number",
    (k: number, m: number) => Math.round((k / m ** 2) * 10) / 10,
    [
      [70, 1.75],
      [90, 1.8],
      [55, 1.6],
      [100, 2],
    ],
    [
      [65, 1.7],
      [82, 1.9],
    ],
  ),
  caseOf(
    "grade",
    "score: number",
    "string",
    (s: number) => (s >= 90 ? "A" : s >= 80 ? "B" : s >= 70 ? "C" : "F"),
    [[95], [90], [89], [80], [75], [70], [69], [10]],
    [[100], [85], [72], [0]],
  ),
  caseOf("sign", "n: number", "string", (n: number) => (n > 0 ? "positive" : n < 0 ? "negative" : "zero"), [[5], [-3], [0], [100], [-1]], [[1], [-200]]),
  caseOf(
    "hypotenuse",
    "a: number, b: number",
    "number",
    (a: number, b: number) => Math.sqrt(a * a + b * b),
    [
      [3, 4],
      [6, 8],
      [5, 12],
      [8, 15],
    ],
    [
      [9, 12],
      [7, 24],
    ],
  ),
  caseOf(
    "digitSum",
    "n: number",
    "number",
    (n: number) =>
      String(n)
        .split("")
        .reduce((s, d) => s + Number(d), 0),
    [[123], [9], [405], [9999]],
    [[1001], [87]],
  ),
  caseOf(
    "factorial",
    "n: number",
    "number",
    (n: number) => Array.from({ length: n }, (_, i) => i + 1).reduce((p, x) => p * x, 1),
    [[1], [3], [5], [0], [6]],
    [[4], [7]],
  ),
  caseOf("sumTo", "n: number", "number", (n: number) => (n * (n + 1)) / 2, [[1], [4], [10], [100]], [[7], [50]]),
  caseOf(
    "isPrime",
    "n: number",
    "boolean",
    (n: number) => n > 1 && Array.from({ length: n - 2 }, (_, i) => i + 2).every((d) => n % d !== 0),
    [[2], [4], [7], [9], [13], [15]],
    [[11], [21], [3]],
  ),
  caseOf(
    "safeDivide",
    "a: number, b: number",
    "number",
    (a: number, b: number) => (b === 0 ? fail(new RangeError("zero")) : a / b),
    [
      [10, 2],
      [9, 3],
      [1, 0],
      [7, 2],
      [0, 5],
    ],
    [
      [8, 4],
      [5, 0],
    ],
  ),
  caseOf(
    "squareRoot",
    "n: number",
    "number",
    (n: number) => (n < 0 ? fail(new RangeError("negative")) : Math.sqrt(n)),
    [[9], [16], [-1], [0], [-4]],
    [[25], [-100]],
  ),
  caseOf(
    "loyaltyPoints",
    "amount: number, member: boolean",
    "number",
    (a: number, m: boolean) => (m ? Math.floor(a) * 2 : Math.floor(a)),
    [
      [10.5, true],
      [10.5, false],
      [99.9, true],
      [45, false],
      [3.2, true],
    ],
    [
      [20.9, false],
      [7.7, true],
    ],
  ),
  caseOf(
    "distance",
    "x1: number, y1: number, x2: number, y2: number",
    "number",
    (a: number, b: number, c: number, d: number) => Math.abs(a - c) + Math.abs(b - d),
    [
      [0, 0, 3, 4],
      [1, 1, 1, 1],
      [5, 2, 1, 9],
      [-1, -1, 2, 3],
      [4, 9, 1, 2],
    ],
    [
      [0, 5, 5, 0],
      [2, 3, 7, 1],
    ],
  ),
  caseOf(
    "pagesNeeded",
    "items: number, perPage: number",
    "number",
    (a: number, b: number) => Math.ceil(a / b),
    [
      [10, 5],
      [11, 5],
      [1, 20],
      [99, 10],
    ],
    [
      [100, 10],
      [7, 2],
    ],
  ),
  caseOf(
    "overtimePay",
    "hours: number, rate: number",
    "number",
    (h: number, r: number) => (h <= 40 ? h * r : 40 * r + (h - 40) * r * 1.5),
    [
      [40, 10],
      [30, 10],
      [45, 10],
      [50, 20],
      [20, 15],
    ],
    [
      [60, 12],
      [38, 25],
    ],
    "Hours over 40 are paid 1.5 times the rate.",
  ),
];

/** Functions over strings. */
const STRINGS: readonly SynthesisCase[] = [
  caseOf(
    "slugify",
    "title: string",
    "string",
    (t: string) =>
      t
        .toLowerCase()
        .trim()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-+|-+$/g, ""),
    [["Hello World"], ["  Trim Me  "], ["What's New?"], ["A B C"]],
    [["Rock & Roll"], ["one"]],
  ),
  caseOf(
    "simpleSlug",
    "title: string",
    "string",
    (t: string) => t.trim().toLowerCase().split(" ").join("-"),
    [["Hello World"], ["My First Post"], [" Spaces "], ["One"]],
    [["Big Red Bus"], ["A"]],
  ),
  caseOf(
    "initials",
    "name: string",
    "string",
    (n: string) =>
      n
        .split(" ")
        .map((w) => w.charAt(0).toUpperCase())
        .join(""),
    [["ada lovelace"], ["Grace Hopper"], ["alan mathison turing"], ["Linus"]],
    [["barbara liskov"], ["john von neumann"]],
  ),
  caseOf(
    "dottedInitials",
    "name: string",
    "string",
    (n: string) =>
      n
        .split(" ")
        .map((w) => `${w.charAt(0).toUpperCase()}.`)
        .join(""),
    [["ada lovelace"], ["Grace Hopper"], ["alan mathison turing"], ["Linus"]],
    [["barbara liskov"], ["john von neumann"]],
  ),
  caseOf(
    "isPalindrome",
    "text: string",
    "boolean",
    (t: string) => {
      const s = t.toLowerCase().replace(/[^a-z0-9]/g, "");
      return s === [...s].reverse().join("");
    },
    [["racecar"], ["hello"], ["A man, a plan, a canal: Panama"], ["No lemon, no melon"], ["abc"], ["Was it a car"]],
    [["Madam"], ["step on no pets"], ["world"]],
  ),
  caseOf(
    "countVowels",
    "text: string",
    "number",
    (t: string) => [...t.toLowerCase()].filter((c) => "aeiou".includes(c)).length,
    [["hello"], ["SKY"], ["Education"], ["Aeiou"], [""]],
    [["Programming"], ["rhythm"]],
  ),
  caseOf(
    "wordCount",
    "text: string",
    "number",
    (t: string) => t.split(/\s+/).filter((w) => w !== "").length,
    [["hello world"], ["one"], [""], ["  spaced   out  words "]],
    [["a b c d"], ["   "]],
  ),
  caseOf(
    "capitalizeWords",
    "text: string",
    "string",
    (t: string) =>
      t
        .split(" ")
        .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
        .join(" "),
    [["hello world"], ["the quick brown fox"], ["one"], ["already Done"]],
    [["good morning all"], ["x y"]],
  ),
  caseOf(
    "titleCase",
    "text: string",
    "string",
    (t: string) =>
      t
        .split(" ")
        .map((w) => w.charAt(0).toUpperCase() + w.slice(1).toLowerCase())
        .join(" "),
    [["hello WORLD"], ["the QUICK brown fox"], ["oNE"], ["a b"]],
    [["gOOD morning"], ["XYZ"]],
  ),
  caseOf(
    "reverseWords",
    "text: string",
    "string",
    (t: string) => t.split(" ").reverse().join(" "),
    [["hello world"], ["one two three"], ["single"], ["a b c d"]],
    [["x y z"], ["good bye"]],
  ),
  caseOf(
    "reverseEachWord",
    "text: string",
    "string",
    (t: string) =>
      t
        .split(" ")
        .map((w) => w.split("").reverse().join(""))
        .join(" "),
    [["hello world"], ["abc def ghi"], ["single"]],
    [["x yz"], ["good bye"]],
  ),
  caseOf(
    "truncate",
    "text: string, max: number",
    "string",
    (t: string, n: number) => (t.length > n ? `${t.slice(0, n)}...` : t),
    [
      ["hello world", 5],
      ["hi", 5],
      ["exact", 5],
      ["a longer sentence", 8],
    ],
    [
      ["abcdef", 3],
      ["abc", 3],
    ],
  ),
  caseOf(
    "ellipsis",
    "text: string, max: number",
    "string",
    (t: string, n: number) => (t.length <= n ? t : `${t.slice(0, n - 3)}...`),
    [
      ["hello world", 8],
      ["hi", 5],
      ["exact", 5],
      ["a longer sentence", 10],
    ],
    [
      ["abcdefgh", 6],
      ["abc", 3],
    ],
  ),
  caseOf(
    "maskCard",
    "card: string",
    "string",
    (c: string) => "*".repeat(c.length - 4) + c.slice(-4),
    [["1234567812345678"], ["4111111111111111"], ["123456"], ["98765"]],
    [["378282246310005"], ["55555"]],
    "Only the last 4 digits stay visible.",
  ),
  caseOf(
    "maskEmail",
    "email: string",
    "string",
    (e: string) => `${e.charAt(0)}***@${e.split("@")[1]}`,
    [["alice@example.com"], ["bob@test.org"], ["zed@mail.net"]],
    [["carol@site.io"], ["x@y.z"]],
  ),
  caseOf(
    "emailDomain",
    "email: string",
    "string",
    (e: string) => (e.split("@")[1] ?? "").toLowerCase(),
    [["alice@Example.com"], ["bob@test.org"], ["Zed@MAIL.net"]],
    [["carol@Site.IO"], ["x@y.z"]],
  ),
  caseOf(
    "countChar",
    "text: string, char: string",
    "number",
    (t: string, c: string) => t.split(c).length - 1,
    [
      ["banana", "a"],
      ["hello", "l"],
      ["xyz", "q"],
      ["a,b,c,d", ","],
    ],
    [
      ["mississippi", "s"],
      ["", "z"],
    ],
  ),
  caseOf(
    "formatTime",
    "minutes: number",
    "string",
    (m: number) => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`,
    [[0], [65], [600], [1439], [59]],
    [[90], [725]],
  ),
  caseOf("formatPrice", "cents: number", "string", (c: number) => `$${(c / 100).toFixed(2)}`, [[1999], [5], [100], [123456]], [[250], [99]]),
  caseOf("percentText", "ratio: number", "string", (r: number) => `${Math.round(r * 100)}%`, [[0.5], [0.123], [1], [0.999]], [[0.25], [0.07]]),
  caseOf(
    "fullName",
    "first: string, last: string",
    "string",
    (f: string, l: string) => `${l.toUpperCase()}, ${f}`,
    [
      ["Ada", "Lovelace"],
      ["Grace", "Hopper"],
      ["Alan", "Turing"],
    ],
    [
      ["Linus", "Torvalds"],
      ["Al", "Li"],
    ],
  ),
  caseOf(
    "greeting",
    "name: string, hour: number",
    "string",
    (n: string, h: number) => `${h < 12 ? "Good morning" : "Good afternoon"}, ${n}!`,
    [
      ["Ada", 9],
      ["Bob", 15],
      ["Cy", 11],
      ["Di", 12],
    ],
    [
      ["Eve", 0],
      ["Flo", 23],
    ],
  ),
  caseOf(
    "pluralize",
    "count: number, noun: string",
    "string",
    (c: number, n: string) => `${c} ${n}${c === 1 ? "" : "s"}`,
    [
      [1, "apple"],
      [2, "apple"],
      [0, "cat"],
      [5, "dog"],
      [1, "car"],
    ],
    [
      [3, "tree"],
      [1, "bee"],
    ],
  ),
  caseOf(
    "toSnakeCase",
    "name: string",
    "string",
    (t: string) => t.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase(),
    [["helloWorld"], ["someLongName"], ["plain"], ["aB"]],
    [["parseHtmlPage"], ["xY"]],
  ),
  caseOf(
    "toCamelCase",
    "name: string",
    "string",
    (t: string) =>
      t
        .split("-")
        .map((w, i) => (i === 0 ? w : w.charAt(0).toUpperCase() + w.slice(1)))
        .join(""),
    [["hello-world"], ["some-long-name"], ["plain"], ["a-b"]],
    [["parse-html-page"], ["x-y-z"]],
  ),
  caseOf(
    "longestWord",
    "text: string",
    "string",
    (t: string) => t.split(" ").reduce((b, w) => (w.length > b.length ? w : b)),
    [["the quick brown fox"], ["a bb ccc"], ["hello"], ["one three five seven"]],
    [["some extraordinary things"], ["aa b aa"]],
  ),
  caseOf(
    "removeVowels",
    "text: string",
    "string",
    (t: string) => t.replace(/[aeiou]/gi, ""),
    [["hello"], ["Apple"], ["sky"], ["Education"]],
    [["Umbrella"], ["tree"]],
  ),
  caseOf(
    "acronym",
    "phrase: string",
    "string",
    (t: string) =>
      t
        .split(" ")
        .filter((w) => w.length > 3)
        .map((w) => w.charAt(0).toUpperCase())
        .join(""),
    [["world health organization"], ["the union of soviet states"], ["bank of america"]],
    [["house of cards"], ["united nations"]],
  ),
  caseOf(
    "repeatText",
    "text: string, times: number, separator: string",
    "string",
    (t: string, n: number, s: string) => Array.from({ length: n }, () => t).join(s),
    [
      ["ab", 3, "-"],
      ["x", 1, ","],
      ["hi", 2, " "],
    ],
    [
      ["yo", 4, "+"],
      ["a", 3, ""],
    ],
  ),
  caseOf(
    "isValidPassword",
    "password: string",
    "boolean",
    (p: string) => p.length >= 8 && /\d/.test(p),
    [["password1"], ["short1"], ["longpassword"], ["12345678"], ["abc"], ["abcdefg8"]],
    [["hunter2"], ["correcthorse9"], ["nodigitshere"]],
    "At least 8 characters and a digit.",
  ),
  caseOf(
    "stripExtension",
    "file: string",
    "string",
    (f: string) => f.split(".").slice(0, -1).join("."),
    [["report.pdf"], ["archive.tar.gz"], ["photo.jpeg"]],
    [["index.html"], ["a.b.c"]],
  ),
  caseOf(
    "fileExtension",
    "file: string",
    "string",
    (f: string) => f.slice(f.lastIndexOf(".") + 1),
    [["report.pdf"], ["archive.tar.gz"], ["photo.jpeg"]],
    [["index.html"], ["a.b.c"]],
  ),
  caseOf(
    "reformatDate",
    "iso: string",
    "string",
    (d: string) => d.split("-").reverse().join("/"),
    [["2024-01-15"], ["1999-12-31"], ["2000-02-29"]],
    [["2023-07-04"], ["2010-10-10"]],
  ),
  caseOf(
    "csvTotal",
    "row: string",
    "number",
    (r: string) => r.split(",").reduce((s, x) => s + Number(x), 0),
    [["1,2,3"], ["10"], ["5,5,5,5"], ["0,7"]],
    [["100,200"], ["9,8,7"]],
  ),
  caseOf(
    "keyValue",
    "pair: string",
    "{ key: string; value: string }",
    (p: string) => ({ key: p.split("=")[0], value: p.split("=")[1] }),
    [["a=1"], ["name=Ada"], ["x=y"]],
    [["color=red"], ["k=v"]],
  ),
  caseOf(
    "anagrams",
    "a: string, b: string",
    "boolean",
    (a: string, b: string) => a.split("").sort().join("") === b.split("").sort().join(""),
    [
      ["listen", "silent"],
      ["abc", "cab"],
      ["abc", "abd"],
      ["hello", "world"],
      ["aab", "abb"],
    ],
    [
      ["night", "thing"],
      ["cat", "car"],
    ],
  ),
  caseOf(
    "swapHalves",
    "text: string",
    "string",
    (t: string) => t.slice(t.length / 2) + t.slice(0, t.length / 2),
    [["abcd"], ["hello!"], ["xy"], ["12345678"]],
    [["abcdef"], ["qw"]],
  ),
];

/** Functions over arrays and objects. */
const ARRAYS: readonly SynthesisCase[] = [
  caseOf(
    "sumOfSquares",
    "values: number[]",
    "number",
    (v: number[]) => v.reduce((s, x) => s + x * x, 0),
    [[[1, 2, 3]], [[]], [[5]], [[2, 4]]],
    [[[3, 3]], [[10, 1]]],
  ),
  caseOf(
    "average",
    "values: number[]",
    "number",
    (v: number[]) => round2(v.reduce((s, x) => s + x, 0) / v.length),
    [[[1, 2, 3]], [[1, 2]], [[1, 1, 2]], [[10, 20, 25]]],
    [[[3, 4]], [[1, 2, 2]]],
  ),
  caseOf(
    "averageOrZero",
    "values: number[]",
    "number",
    (v: number[]) => (v.length === 0 ? 0 : v.reduce((s, x) => s + x, 0) / v.length),
    [[[1, 2, 3]], [[]], [[5, 10]], [[8]]],
    [[[3, 4]], [[]]],
  ),
  caseOf(
    "spread",
    "values: number[]",
    "number",
    (v: number[]) => Math.max(...v) - Math.min(...v),
    [[[1, 5, 3]], [[7, 7]], [[-2, 8, 0]], [[4]]],
    [[[10, 3]], [[1, 100, 50]]],
  ),
  caseOf(
    "sumEvens",
    "values: number[]",
    "number",
    (v: number[]) => v.filter((x) => x % 2 === 0).reduce((s, x) => s + x, 0),
    [[[1, 2, 3, 4]], [[1, 3]], [[]], [[10, 5, 6]]],
    [[[2, 2, 3]], [[7]]],
  ),
  caseOf(
    "uniqueSorted",
    "values: number[]",
    "number[]",
    (v: number[]) => [...new Set(v)].sort((a, b) => a - b),
    [[[3, 1, 2, 3]], [[5, 5]], [[]], [[10, 9, 1]]],
    [[[4, 4, 2]], [[100, 20, 3]]],
  ),
  caseOf(
    "invoiceTotal",
    "lines: { price: number; qty: number }[]",
    "number",
    (l: Line[]) => round2(l.reduce((s, x) => s + x.price * x.qty, 0)),
    [[[line(10, 2), line(5, 1)]], [[]], [[line(0.1, 3)]], [[line(19.99, 3), line(4.5, 2)]]],
    [[[line(7, 7)]], [[line(1.15, 3), line(2, 2)]]],
  ),
  caseOf(
    "expensiveNames",
    "items: { name: string; price: number }[], min: number",
    "string[]",
    (l: { name: string; price: number }[], m: number) => l.filter((x) => x.price >= m).map((x) => x.name),
    [
      [
        [
          { name: "a", price: 5 },
          { name: "b", price: 15 },
        ],
        10,
      ],
      [[{ name: "c", price: 10 }], 10],
      [[{ name: "d", price: 1 }], 10],
      [
        [
          { name: "e", price: 8 },
          { name: "f", price: 30 },
          { name: "g", price: 7 },
        ],
        8,
      ],
    ],
    [
      [
        [
          { name: "x", price: 3 },
          { name: "y", price: 4 },
        ],
        4,
      ],
      [[], 1],
    ],
  ),
  caseOf(
    "maxGap",
    "values: number[]",
    "number",
    (v: number[]) => Math.max(...v.slice(1).map((x, i) => x - (v[i] ?? 0))),
    [[[1, 4, 9]], [[2, 3, 10, 11]], [[5, 6]], [[0, 10, 15]]],
    [[[1, 2, 8]], [[3, 9, 10]]],
  ),
  caseOf(
    "differences",
    "values: number[]",
    "number[]",
    (v: number[]) => v.slice(1).map((x, i) => x - (v[i] ?? 0)),
    [[[1, 4, 9]], [[2, 3, 10, 11]], [[5]], [[9, 0]]],
    [[[1, 2, 8]], [[3, 3]]],
  ),
  caseOf(
    "runningTotal",
    "values: number[]",
    "number[]",
    (v: number[]) => v.map((_, i) => v.slice(0, i + 1).reduce((s, x) => s + x, 0)),
    [[[1, 2, 3]], [[5]], [[]], [[10, -5, 2, 2]]],
    [[[4, 4, 4]], [[1, 0, 1]]],
  ),
  caseOf(
    "topThree",
    "values: number[]",
    "number[]",
    (v: number[]) => [...v].sort((a, b) => b - a).slice(0, 3),
    [[[1, 5, 3, 9, 7]], [[2, 1]], [[4, 4, 4, 4]], [[10, 30, 20]]],
    [[[8, 6, 7, 5, 3]], [[]]],
  ),
  caseOf(
    "secondLargest",
    "values: number[]",
    "number",
    (v: number[]) => [...v].sort((a, b) => b - a)[1],
    [[[1, 5, 3]], [[9, 2, 7, 4]], [[3, 4]], [[20, 30, 10]]],
    [[[8, 6, 7]], [[1, 2]]],
  ),
  caseOf("doubleAll", "values: number[]", "number[]", (v: number[]) => v.map((x) => x * 2), [[[1, 2, 3]], [[]], [[5]], [[-1, 0.5]]], [[[7, 8]], [[100]]]),
  caseOf(
    "normalizeScores",
    "values: number[]",
    "number[]",
    (v: number[]) => v.map((x) => x / Math.max(...v)),
    [[[1, 2]], [[5, 10, 4]], [[8]], [[3, 4, 12]]],
    [[[2, 4, 8]], [[10, 5]]],
  ),
  caseOf(
    "countAbove",
    "values: number[], limit: number",
    "number",
    (v: number[], n: number) => v.filter((x) => x > n).length,
    [
      [[1, 5, 10], 4],
      [[], 3],
      [[3, 3, 3], 3],
      [[7, 8], 1],
    ],
    [
      [[2, 4, 6], 4],
      [[9], 10],
    ],
  ),
  caseOf(
    "aboveAverage",
    "values: number[]",
    "number[]",
    (v: number[]) => v.filter((x) => x > v.reduce((s, y) => s + y, 0) / v.length),
    [[[1, 2, 3, 10]], [[5, 5]], [[100, 9]], [[2, 4, 6, 8]]],
    [[[10, 20, 60]], [[3, 4]]],
  ),
  caseOf(
    "joinNames",
    "names: string[]",
    "string",
    (n: string[]) => n.map((x) => x.trim().toUpperCase()).join(", "),
    [[["ada", "bob"]], [[" cy "]], [["x", "y ", "z"]]],
    [[["one", " two"]], [["q"]]],
  ),
  caseOf(
    "wordLengths",
    "words: string[]",
    "number[]",
    (w: string[]) => w.map((x) => x.length),
    [[["a", "bb"]], [[]], [["hello", "to", "you"]]],
    [[["abcd"]], [["x", "", "zz"]]],
  ),
  caseOf(
    "shortWords",
    "words: string[], max: number",
    "string[]",
    (w: string[], m: number) => w.filter((x) => x.length <= m),
    [
      [["a", "bbb", "cc"], 2],
      [["hello", "to"], 3],
      [[], 1],
      [["xx", "yyy"], 3],
    ],
    [
      [["abc", "abcd"], 3],
      [["q"], 0],
    ],
  ),
  caseOf(
    "dotProduct",
    "a: number[], b: number[]",
    "number",
    (a: number[], b: number[]) => a.reduce((s, x, i) => s + x * (b[i] ?? 0), 0),
    [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [0, 5],
        [7, 2],
      ],
      [[2], [9]],
      [
        [1, 1, 1],
        [4, 5, 6],
      ],
    ],
    [
      [
        [2, 3],
        [4, 5],
      ],
      [[10], [10]],
    ],
  ),
  caseOf(
    "common",
    "a: number[], b: number[]",
    "number[]",
    (a: number[], b: number[]) => a.filter((x) => b.includes(x)),
    [
      [
        [1, 2, 3],
        [2, 3, 4],
      ],
      [[5], [6]],
      [
        [7, 8],
        [8, 7],
      ],
      [[], [1]],
    ],
    [
      [
        [1, 4, 9],
        [9, 1],
      ],
      [[2], [2]],
    ],
  ),
  caseOf(
    "without",
    "values: string[], unwanted: string[]",
    "string[]",
    (a: string[], b: string[]) => a.filter((x) => !b.includes(x)),
    [
      [["a", "b", "c"], ["b"]],
      [["x"], ["x"]],
      [["p", "q"], []],
      [
        ["m", "n", "o"],
        ["o", "m"],
      ],
    ],
    [
      [["z", "y"], ["y"]],
      [["k"], ["j"]],
    ],
  ),
  caseOf(
    "allPositive",
    "values: number[]",
    "boolean",
    (v: number[]) => v.every((x) => x > 0),
    [[[1, 2]], [[-1, 5]], [[]], [[0]], [[7, 8, -9]]],
    [[[3]], [[2, 0]]],
  ),
  caseOf(
    "hasDuplicates",
    "values: string[]",
    "boolean",
    (v: string[]) => new Set(v).size !== v.length,
    [[["a", "b"]], [["a", "a"]], [[]], [["x", "y", "x"]], [["p", "q", "r"]]],
    [[["m", "m", "n"]], [["k"]]],
  ),
  caseOf(
    "isSorted",
    "values: number[]",
    "boolean",
    (v: number[]) => v.every((x, i) => i === 0 || x >= (v[i - 1] ?? 0)),
    [[[1, 2, 3]], [[3, 1]], [[]], [[2, 2]], [[1, 5, 4]]],
    [[[1, 1, 2]], [[9, 8, 10]]],
  ),
  caseOf(
    "cheapest",
    "items: { name: string; price: number }[]",
    "string",
    (l: { name: string; price: number }[]) => l.reduce((b, x) => (x.price < b.price ? x : b)).name,
    [
      [
        [
          { name: "a", price: 5 },
          { name: "b", price: 3 },
        ],
      ],
      [
        [
          { name: "c", price: 1 },
          { name: "d", price: 2 },
          { name: "e", price: 9 },
        ],
      ],
      [[{ name: "f", price: 4 }]],
    ],
    [
      [
        [
          { name: "x", price: 8 },
          { name: "y", price: 7 },
          { name: "z", price: 9 },
        ],
      ],
      [[{ name: "q", price: 1 }]],
    ],
  ),
  caseOf(
    "sortByAge",
    "people: { name: string; age: number }[]",
    "string[]",
    (p: { name: string; age: number }[]) => [...p].sort((a, b) => a.age - b.age).map((x) => x.name),
    [
      [
        [
          { name: "a", age: 30 },
          { name: "b", age: 20 },
        ],
      ],
      [
        [
          { name: "c", age: 1 },
          { name: "d", age: 5 },
          { name: "e", age: 3 },
        ],
      ],
      [[]],
    ],
    [
      [
        [
          { name: "x", age: 9 },
          { name: "y", age: 8 },
          { name: "z", age: 7 },
        ],
      ],
    ],
  ),
  caseOf(
    "labels",
    "items: { name: string; qty: number }[]",
    "string[]",
    (l: { name: string; qty: number }[]) => l.map((x) => `${x.qty} x ${x.name}`),
    [
      [[{ name: "pen", qty: 2 }]],
      [
        [
          { name: "cup", qty: 10 },
          { name: "mat", qty: 1 },
        ],
      ],
      [[]],
    ],
    [
      [
        [
          { name: "box", qty: 3 },
          { name: "bag", qty: 4 },
        ],
      ],
    ],
  ),
  caseOf(
    "inStockTotal",
    "items: { price: number; stock: number; active: boolean }[]",
    "number",
    (l: { price: number; stock: number; active: boolean }[]) => l.filter((x) => x.active).reduce((s, x) => s + x.price * x.stock, 0),
    [
      [
        [
          { price: 2, stock: 3, active: true },
          { price: 5, stock: 1, active: false },
        ],
      ],
      [[]],
      [
        [
          { price: 4, stock: 4, active: true },
          { price: 1, stock: 7, active: true },
        ],
      ],
      [[{ price: 9, stock: 9, active: false }]],
    ],
    [
      [
        [
          { price: 3, stock: 2, active: true },
          { price: 8, stock: 8, active: false },
          { price: 1, stock: 1, active: true },
        ],
      ],
    ],
  ),
  caseOf(
    "summary",
    "values: number[]",
    "{ min: number; max: number; total: number }",
    (v: number[]) => ({ min: Math.min(...v), max: Math.max(...v), total: v.reduce((s, x) => s + x, 0) }),
    [[[1, 2, 3]], [[5]], [[-1, 4]], [[10, 0, 2]]],
    [[[7, 9]], [[3, 3, 3]]],
  ),
  caseOf(
    "withTaxAll",
    "prices: number[], rate: number",
    "number[]",
    (p: number[], r: number) => p.map((x) => round2(x * (1 + r))),
    [
      [[10, 20], 0.1],
      [[19.99], 0.2],
      [[], 0.1],
      [[5.5, 3.33], 0.07],
    ],
    [
      [[100], 0.19],
      [[1.5, 2.5], 0.1],
    ],
  ),
  caseOf(
    "flattenSorted",
    "groups: number[][]",
    "number[]",
    (g: number[][]) => g.flat().sort((a, b) => a - b),
    [[[[3, 1], [2]]], [[[5], [4, 9]]], [[]]],
    [
      [
        [
          [8, 7],
          [6, 5],
        ],
      ],
      [[[1]]],
    ],
  ),
  caseOf(
    "everyOther",
    "values: number[]",
    "number[]",
    (v: number[]) => v.filter((_, i) => i % 2 === 0),
    [[[1, 2, 3, 4]], [[6]], [[7, 8, 10]], [[]], [[3, 3, 3, 5]]],
    [[[1, 1, 2, 2, 3]], [[0, 9]]],
  ),
  caseOf(
    "rotate",
    "values: number[], by: number",
    "number[]",
    (v: number[], n: number) => [...v.slice(n), ...v.slice(0, n)],
    [
      [[1, 2, 3], 1],
      [[4, 5, 6, 7], 2],
      [[9], 1],
      [[1, 2, 3, 4], 3],
    ],
    [
      [[5, 6, 7], 2],
      [[8, 9], 1],
    ],
  ),
  caseOf(
    "median",
    "values: number[]",
    "number",
    (v: number[]) => {
      const s = [...v].sort((a, b) => a - b);
      const m = Math.floor(s.length / 2);
      return s.length % 2 === 1 ? (s[m] ?? 0) : ((s[m - 1] ?? 0) + (s[m] ?? 0)) / 2;
    },
    [[[1, 2, 9]], [[8, 1, 3, 2]], [[5]], [[10, 20]], [[7, 1, 90, 3, 5]]],
    [[[8, 2, 6]], [[1, 2, 3, 10]]],
  ),
  caseOf(
    "cappedTotal",
    "values: number[], cap: number",
    "number",
    (v: number[], c: number) =>
      Math.min(
        v.reduce((s, x) => s + x, 0),
        c,
      ),
    [
      [[1, 2], 10],
      [[8, 9], 10],
      [[5, 5], 10],
      [[], 3],
    ],
    [
      [[20], 15],
      [[3, 4], 100],
    ],
  ),
  caseOf(
    "firstOr",
    "values: string[], fallback: string",
    "string",
    (v: string[], f: string) => (v.length > 0 ? (v[0] ?? f) : f),
    [
      [["a", "b"], "z"],
      [[], "none"],
      [["q"], "r"],
      [[], "x"],
    ],
    [
      [["m"], "n"],
      [[], "k"],
    ],
  ),
  caseOf(
    "totalLength",
    "words: string[]",
    "number",
    (w: string[]) => w.reduce((s, x) => s + x.length, 0),
    [[["ab", "c"]], [[]], [["hello", "you"]]],
    [[["xyz"]], [["a", "b", "cc"]]],
  ),
  caseOf(
    "listSentence",
    "names: string[]",
    "string",
    (n: string[]) => (n.length === 1 ? (n[0] ?? "") : `${n.slice(0, -1).join(", ")} and ${n[n.length - 1]}`),
    [[["Ann"]], [["Ann", "Bob"]], [["Ann", "Bob", "Cy"]], [["Zed"]], [["X", "Y", "Z", "W"]]],
    [[["Q", "R"]], [["L", "M", "N"]]],
  ),
];

/** A second set, written when the search was done with the first. */
const SECOND: readonly SynthesisCase[] = [
  caseOf(
    "lineTotal",
    "unitPrice: number, quantity: number",
    "number",
    (u: number, q: number) => (q < 0 ? fail(new RangeError("negative")) : round2(u * q)),
    [
      [9.99, 3],
      [0.1, 3],
      [5, 0],
      [2.5, 4],
      [5, -1],
    ],
    [
      [19.99, 7],
      [1, -3],
    ],
    "Price times quantity, rounded to cents; a negative quantity throws a RangeError.",
  ),
  caseOf(
    "discountRate",
    "total: number",
    "number",
    (t: number) => (t >= 500 ? 0.1 : t >= 200 ? 0.05 : 0),
    [[100], [199.99], [200], [499.99], [500], [800]],
    [[0], [300], [501]],
    "5% from 200, 10% from 500, otherwise nothing.",
  ),
  caseOf(
    "shippingFee",
    "total: number, express: boolean",
    "number",
    (t: number, e: boolean) => (t >= 50 ? 0 : 4.95) + (e ? 10 : 0),
    [
      [20, false],
      [50, false],
      [20, true],
      [80, true],
      [49.99, false],
    ],
    [
      [100, false],
      [10, true],
      [50, true],
    ],
    "Shipping costs 4.95, nothing from 50 on; express adds 10.",
  ),
  caseOf(
    "formatMoney",
    "amount: number, currency: string",
    "string",
    (a: number, c: string) => `${c} ${a.toFixed(2)}`,
    [
      [5, "EUR"],
      [19.9, "USD"],
      [0, "EUR"],
    ],
    [[3.456, "GBP"]],
    "Currency and amount with two decimals.",
  ),
  caseOf(
    "usernameFrom",
    "first: string, last: string",
    "string",
    (a: string, b: string) => (a.charAt(0) + b).toLowerCase(),
    [
      ["Ada", "Lovelace"],
      ["Grace", "Hopper"],
      ["Alan", "Turing"],
    ],
    [["Linus", "Torvalds"]],
    "First letter of the first name and the last name, in lower case.",
  ),
  caseOf(
    "countWordsLongerThan",
    "text: string, n: number",
    "number",
    (t: string, n: number) => t.split(" ").filter((w) => w.length > n).length,
    [
      ["the quick brown fox", 3],
      ["a bb ccc", 1],
      ["hello", 10],
      ["one two three", 2],
    ],
    [["aa bbb cccc", 2]],
    "How many words are longer than n characters.",
  ),
  caseOf(
    "lastWord",
    "text: string",
    "string",
    (t: string) => t.trim().split(" ").at(-1),
    [["hello world"], ["one"], ["a b c "]],
    [["the end"]],
    "The last word of the text.",
  ),
  caseOf(
    "stripPunctuation",
    "text: string",
    "string",
    (t: string) => t.replace(/[.,!?;:]/g, ""),
    [["Hello, world!"], ["no"], ["Wait... what?"], ["a;b:c"]],
    [["Yes! No?"]],
    "Removes punctuation.",
  ),
  caseOf(
    "alternateCase",
    "text: string",
    "string",
    (t: string) =>
      t
        .split("")
        .map((c, i) => (i % 2 === 0 ? c.toUpperCase() : c.toLowerCase()))
        .join(""),
    [["hello"], ["ABC"], ["TypeScript"]],
    [["world"], ["xyzzy"]],
    "Letters alternate between upper and lower case, beginning with upper.",
  ),
  caseOf(
    "isVowel",
    "char: string",
    "boolean",
    (c: string) => "aeiou".includes(c.toLowerCase()),
    [["a"], ["B"], ["E"], ["z"], ["u"], ["k"]],
    [["o"], ["I"], ["t"]],
    "True for a, e, i, o and u in either case.",
  ),
  caseOf(
    "wrapTag",
    "text: string, tag: string",
    "string",
    (t: string, g: string) => `<${g}>${t}</${g}>`,
    [
      ["hi", "b"],
      ["x", "em"],
      ["para", "p"],
    ],
    [["q", "div"]],
    "Wraps the text in the tag.",
  ),
  caseOf(
    "extractNumbers",
    "text: string",
    "number[]",
    (t: string) => (t.match(/\d+/g) ?? []).map(Number),
    [["a1b22"], ["none"], ["3 and 45 and 6"]],
    [["x9y10"]],
    "All whole numbers in the text.",
  ),
  caseOf(
    "queryString",
    "names: string[], values: string[]",
    "string",
    (n: string[], v: string[]) => n.map((x, i) => `${x}=${v[i]}`).join("&"),
    [
      [
        ["a", "b"],
        ["1", "2"],
      ],
      [["q"], ["x"]],
      [
        ["k", "l", "m"],
        ["7", "8", "9"],
      ],
    ],
    [
      [
        ["z", "y"],
        ["w", "v"],
      ],
    ],
    "Name and value pairs joined with an ampersand.",
  ),
  caseOf(
    "zeroPad",
    "n: number, width: number",
    "string",
    (n: number, w: number) => String(n).padStart(w, "0"),
    [
      [5, 3],
      [42, 5],
      [123, 3],
    ],
    [[7, 2]],
    "Pads with leading zeros.",
  ),
  caseOf(
    "timeAgo",
    "minutes: number",
    "string",
    (m: number) => (m < 60 ? `${m} minutes ago` : `${Math.floor(m / 60)} hours ago`),
    [[5], [59], [60], [150], [600]],
    [[30], [200]],
    "Below 60 minutes in minutes, otherwise in full hours.",
  ),
  caseOf(
    "ordinal",
    "n: number",
    "string",
    (n: number) => n + (n === 1 ? "st" : n === 2 ? "nd" : n === 3 ? "rd" : "th"),
    [[1], [2], [3], [4], [7], [10]],
    [[5], [9]],
    "1st, 2nd, 3rd, all others th.",
  ),
  caseOf(
    "maxOfThree",
    "a: number, b: number, c: number",
    "number",
    Math.max,
    [
      [1, 2, 3],
      [9, 4, 2],
      [3, 8, 5],
    ],
    [
      [1, 1, 0],
      [5, 6, 4],
    ],
    "The largest of the three.",
  ),
  caseOf(
    "roundToNearest",
    "value: number, step: number",
    "number",
    (v: number, s: number) => Math.round(v / s) * s,
    [
      [12, 5],
      [13, 5],
      [27, 10],
      [7, 2],
    ],
    [
      [44, 10],
      [8, 3],
    ],
    "Rounded to the nearest multiple of step.",
  ),
  caseOf(
    "tip",
    "bill: number, percent: number, people: number",
    "number",
    (b: number, p: number, n: number) => round2((b * (1 + p / 100)) / n),
    [
      [100, 20, 2],
      [50, 10, 1],
      [80, 15, 4],
      [33, 18, 3],
    ],
    [[60, 25, 5]],
    "The bill with the tip in percent, divided by the people, rounded to cents.",
  ),
  caseOf(
    "speed",
    "km: number, minutes: number",
    "number",
    (k: number, m: number) => Math.round(k / (m / 60)),
    [
      [10, 10],
      [50, 30],
      [120, 90],
      [5, 7],
    ],
    [
      [42, 60],
      [100, 45],
    ],
    "Kilometres per hour, rounded.",
  ),
  caseOf(
    "isWeekend",
    "day: string",
    "boolean",
    (d: string) => d === "Saturday" || d === "Sunday",
    [["Monday"], ["Saturday"], ["Sunday"], ["Friday"], ["Wednesday"]],
    [["Tuesday"], ["Thursday"]],
    "True on Saturday and Sunday.",
  ),
  caseOf(
    "ticketPrice",
    "age: number, student: boolean",
    "number",
    (a: number, s: boolean) => (a < 12 ? 5 : s ? 8 : 12),
    [
      [8, false],
      [11, true],
      [12, false],
      [20, true],
      [40, false],
    ],
    [
      [5, true],
      [30, true],
      [70, false],
    ],
    "Children under 12 pay 5, students 8, everyone else 12.",
  ),
  caseOf(
    "validAge",
    "age: number",
    "number",
    (a: number) => (a < 0 || a > 150 ? fail(new RangeError("age")) : a),
    [[0], [-1], [30], [151], [150]],
    [[-20], [300], [99]],
    "Ages below 0 or above 150 throw a RangeError.",
  ),
  caseOf(
    "power",
    "base: number, exponent: number",
    "number",
    (a: number, b: number) => a ** b,
    [
      [2, 3],
      [5, 2],
      [10, 0],
      [3, 3],
    ],
    [[2, 10]],
    "The base to the power of the exponent.",
  ),
  caseOf(
    "sumPositive",
    "values: number[]",
    "number",
    (v: number[]) => v.filter((x) => x > 0).reduce((s, x) => s + x, 0),
    [[[1, -2, 3]], [[-1]], [[]], [[5, 5, -5]]],
    [[[2, -9, 4]]],
    "The sum of all positive values.",
  ),
  caseOf(
    "oddSquares",
    "values: number[]",
    "number[]",
    (v: number[]) => v.filter((x) => x % 2 !== 0).map((x) => x * x),
    [[[1, 2, 3]], [[4]], [[5, 6, 7]], [[]]],
    [[[9, 10]]],
    "The squares of all odd values.",
  ),
  caseOf(
    "mergeSorted",
    "a: number[], b: number[]",
    "number[]",
    (a: number[], b: number[]) => [...a, ...b].sort((x, y) => x - y),
    [
      [[1, 3], [2]],
      [[5], [4, 9]],
      [[], [1]],
    ],
    [
      [
        [7, 8],
        [1, 10],
      ],
    ],
    "All values of both in ascending order.",
  ),
  caseOf(
    "evenCount",
    "values: number[]",
    "number",
    (v: number[]) => v.filter((x) => x % 2 === 0).length,
    [[[1, 2, 4]], [[3]], [[]], [[2, 2, 2, 5]]],
    [[[8, 9, 10]]],
    "How many values are even.",
  ),
  caseOf(
    "scale",
    "values: number[], factor: number",
    "number[]",
    (v: number[], f: number) => v.map((x) => x * f),
    [
      [[1, 2], 3],
      [[], 2],
      [[5, -1], 2],
    ],
    [[[4, 6], 0.5]],
    "Each value times the factor.",
  ),
  caseOf(
    "highestScorer",
    "players: { name: string; score: number }[]",
    "string",
    (p: { name: string; score: number }[]) => p.reduce((b, x) => (x.score > b.score ? x : b)).name,
    [
      [
        [
          { name: "a", score: 5 },
          { name: "b", score: 9 },
        ],
      ],
      [[{ name: "c", score: 3 }]],
      [
        [
          { name: "d", score: 7 },
          { name: "e", score: 2 },
          { name: "f", score: 7 },
        ],
      ],
    ],
    [
      [
        [
          { name: "x", score: 1 },
          { name: "y", score: 4 },
          { name: "z", score: 3 },
        ],
      ],
    ],
    "The name of the player with the highest score; the first on a tie.",
  ),
  caseOf(
    "averageAge",
    "people: { name: string; age: number }[]",
    "number",
    (p: { name: string; age: number }[]) => (p.length === 0 ? 0 : Math.round(p.reduce((s, x) => s + x.age, 0) / p.length)),
    [
      [
        [
          { name: "a", age: 20 },
          { name: "b", age: 31 },
        ],
      ],
      [[]],
      [[{ name: "c", age: 40 }]],
      [
        [
          { name: "d", age: 10 },
          { name: "e", age: 20 },
          { name: "f", age: 33 },
        ],
      ],
    ],
    [
      [
        [
          { name: "x", age: 18 },
          { name: "y", age: 25 },
        ],
      ],
      [[]],
    ],
    "The average age, rounded; 0 for nobody.",
  ),
  caseOf(
    "activeEmails",
    "users: { email: string; active: boolean }[]",
    "string[]",
    (u: { email: string; active: boolean }[]) => u.filter((x) => x.active).map((x) => x.email.toLowerCase()),
    [
      [
        [
          { email: "A@x.io", active: true },
          { email: "b@x.io", active: false },
        ],
      ],
      [[]],
      [[{ email: "C@Y.de", active: true }]],
    ],
    [
      [
        [
          { email: "Q@W.e", active: true },
          { email: "z@z.z", active: true },
        ],
      ],
    ],
    "The emails of all active users in lower case.",
  ),
  caseOf(
    "stockStatus",
    "count: number",
    '"out" | "low" | "ok"',
    (c: number) => (c === 0 ? "out" : c < 10 ? "low" : "ok"),
    [[0], [1], [9], [10], [50]],
    [[5], [100], [0]],
    "0 is `out`, below 10 is `low`, everything else `ok`.",
  ),
  caseOf(
    "priceRange",
    "prices: number[]",
    "{ low: number; high: number }",
    (p: number[]) => ({ low: Math.min(...p), high: Math.max(...p) }),
    [[[1, 5, 3]], [[7]], [[2, 9]]],
    [[[4, 4, 8]]],
    "The lowest and the highest price.",
  ),
  caseOf(
    "addVat",
    "lines: { net: number; rate: number }[]",
    "number[]",
    (l: { net: number; rate: number }[]) => l.map((x) => round2(x.net * (1 + x.rate))),
    [
      [
        [
          { net: 100, rate: 0.2 },
          { net: 10, rate: 0.1 },
        ],
      ],
      [[]],
      [[{ net: 19.99, rate: 0.07 }]],
    ],
    [
      [
        [
          { net: 5, rate: 0.19 },
          { net: 3.33, rate: 0.2 },
        ],
      ],
    ],
    "Each net amount with its tax, rounded to cents.",
  ),
  caseOf(
    "chars",
    "text: string",
    "string[]",
    (t: string) => [...new Set(t.toLowerCase().split(""))].sort(),
    [["hello"], ["Abba"], ["zyx"]],
    [["Banana"]],
    "The distinct letters in lower case, sorted.",
  ),
  caseOf(
    "firstNonEmpty",
    "values: string[]",
    "string | undefined",
    (v: string[]) => v.find((x) => x !== ""),
    [[["", "a", "b"]], [["x"]], [["", ""]], [[]]],
    [[["", "", "q"]], [[""]]],
    "The first value that is not empty, or undefined.",
  ),
  caseOf(
    "nights",
    "rooms: number, nights: number, rate: number",
    "number",
    (a: number, b: number, c: number) => (b >= 7 ? round2(a * b * c * 0.9) : a * b * c),
    [
      [1, 2, 80],
      [2, 3, 50],
      [1, 7, 100],
      [2, 10, 60],
      [1, 6, 99],
    ],
    [
      [3, 8, 70],
      [1, 1, 55],
    ],
    "Rooms times nights times rate; 10% off from 7 nights on.",
  ),
  caseOf(
    "parseCsvRow",
    "row: string",
    "string[]",
    (r: string) => r.split(",").map((x) => x.trim()),
    [["a, b,c"], ["x"], [" 1 ,2"]],
    [["q , w, e"]],
    "The trimmed cells of the row.",
  ),
  caseOf(
    "bonus",
    "sales: number, target: number",
    "number",
    (s: number, t: number) => Math.max(0, (s - t) * 0.05),
    [
      [1000, 800],
      [500, 800],
      [2000, 1000],
      [800, 800],
    ],
    [
      [1500, 1000],
      [10, 20],
    ],
    "5% of what is above the target, never negative.",
  ),
  caseOf(
    "gcd",
    "a: number, b: number",
    "number",
    (a: number, b: number) => Array.from({ length: Math.min(a, b) }, (_, i) => i + 1).findLast((d) => a % d === 0 && b % d === 0),
    [
      [12, 8],
      [9, 6],
      [7, 13],
      [100, 75],
    ],
    [[18, 24]],
    "The greatest common divisor.",
  ),
  caseOf(
    "wordFrequencyMax",
    "words: string[]",
    "number",
    (w: string[]) => Math.max(0, ...w.map((x) => w.filter((y) => y === x).length)),
    [[["a", "b", "a"]], [["x"]], [["q", "q", "q", "r"]]],
    [[["m", "n", "n"]]],
    "How often the most frequent word occurs.",
  ),
  caseOf(
    "channelOf",
    "digits: string",
    "number",
    (d: string) => Number.parseInt(d, 16),
    [["00"], ["2b"], ["e0"], ["99"], ["7f"]],
    [["c3"], ["ff"]],
    "The number that two hexadecimal digits stand for.",
  ),
];

/** What an order's acceptance criterion would say of each function. */
const CRITERIA: { readonly [name: string]: string } = {
  clamp: "The value stays between low and high.",
  celsiusToFahrenheit: "Fahrenheit is Celsius times 9, divided by 5, plus 32.",
  isLeapYear: "A year is a leap year when it is divisible by 4, but not by 100 unless also by 400.",
  fizzBuzz: "Multiples of 3 give `Fizz`, of 5 give `Buzz`, of both give `FizzBuzz`; other numbers give themselves.",
  discountRate: "From 10 pieces the rate is 5%, from 50 it is 10%, from 100 it is 20%.",
  shippingCost: "Up to 1 kg costs 5, up to 5 kg costs 8, anything heavier 12.",
  withTax: "The amount with tax added, rounded to cents.",
  taxOf: "The tax on the amount, rounded to cents.",
  compound: "The balance after the years with yearly compounding, rounded to cents.",
  percentChange: "The change in percent of the earlier value, rounded to two decimals.",
  bmi: "Weight divided by the square of the height, rounded to one decimal.",
  grade: "90 and more is A, 80 and more B, 70 and more C, everything else F.",
  sign: "Says whether the number is positive, negative or zero.",
  hypotenuse: "The square root of the sum of both squared sides.",
  digitSum: "Adds the digits of the number.",
  factorial: "The product of all whole numbers from 1 to n.",
  sumTo: "The sum of all whole numbers from 1 to n.",
  isPrime: "True when the number is greater than 1 and not divisible by any smaller number but 1.",
  safeDivide: "Dividing by zero throws a RangeError.",
  squareRoot: "The square root; a negative number throws a RangeError.",
  loyaltyPoints: "One point for each full unit spent, twice that for members.",
  distance: "The sum of the absolute differences of both coordinates.",
  pagesNeeded: "The number of pages, the last one may be started only.",
  slugify: "Lower case, everything that is not a letter or digit becomes one dash, no dashes at the ends.",
  simpleSlug: "Trimmed, lower case, words joined by dashes.",
  initials: "The first letter of every word in upper case.",
  dottedInitials: "The first letter of every word in upper case, each followed by a dot.",
  isPalindrome: "True when the letters and digits read the same backwards, regardless of case.",
  countVowels: "The number of vowels, regardless of case.",
  wordCount: "Counts the words; any number of spaces separates them.",
  capitalizeWords: "Every word starts with a capital letter.",
  titleCase: "Every word starts with a capital letter, the rest is lower case.",
  reverseWords: "The words in reverse order.",
  reverseEachWord: "Every word is reversed, their order stays.",
  truncate: "A text longer than max is cut to max characters and gets `...` appended.",
  ellipsis: "A text longer than max is cut so that it has max characters with the `...` at its end.",
  maskEmail: "Shows the first letter and the domain.",
  emailDomain: "The part after the @ in lower case.",
  countChar: "How often the character occurs.",
  formatTime: "Minutes since midnight as HH:MM, two digits each.",
  formatPrice: "Cents as dollars with two decimals.",
  percentText: "The ratio in whole percent.",
  fullName: "The last name in upper case, a comma, the first name.",
  greeting: "Before 12 `Good morning`, later `Good afternoon`.",
  pluralize: "The count and the noun, with an s unless there is one.",
  toSnakeCase: "Capitals start a new word; words are lower case and joined with underscores.",
  toCamelCase: "All words but the first start with a capital; dashes are removed.",
  longestWord: "The longest word; the first of several.",
  removeVowels: "The text without its vowels.",
  acronym: "First letters in upper case of all words longer than 3 letters.",
  repeatText: "The text repeated, joined by the separator.",
  stripExtension: "The file name without its last extension.",
  fileExtension: "What follows the last dot.",
  reformatDate: "YYYY-MM-DD becomes DD/MM/YYYY.",
  csvTotal: "The total of the numbers separated by commas.",
  keyValue: "Splits at the equals sign.",
  anagrams: "True when both words have the same letters when sorted.",
  swapHalves: "The second half of the characters comes before the first half; the length is even.",
  sumOfSquares: "The sum of all squared values.",
  average: "The average, rounded to two decimals.",
  averageOrZero: "The average; 0 for no values.",
  spread: "The difference of the largest and the smallest value.",
  sumEvens: "The sum of all even values.",
  uniqueSorted: "Every value once, in ascending order.",
  invoiceTotal: "The total of price times quantity, rounded to cents.",
  expensiveNames: "The names of all items that cost min or more.",
  maxGap: "The largest difference of two neighbours.",
  differences: "The difference of each value and the one before it.",
  runningTotal: "For each position the sum of all values up to it.",
  topThree: "The 3 largest values, largest first.",
  secondLargest: "The second largest value.",
  doubleAll: "Every value doubled.",
  normalizeScores: "Every value divided by the largest.",
  countAbove: "How many values are above the limit.",
  aboveAverage: "All values above the average.",
  joinNames: "Names trimmed, in upper case, joined by a comma and a space.",
  wordLengths: "The length of each word.",
  shortWords: "All words of at most max characters.",
  dotProduct: "The sum of the products of values at the same position.",
  common: "All values of a that b contains.",
  without: "All values that are not unwanted.",
  allPositive: "True when every value is above zero.",
  hasDuplicates: "True when a value occurs twice.",
  isSorted: "True when no value is less than the one before.",
  cheapest: "The name of the item with the lowest price.",
  sortByAge: "The names in ascending order of age.",
  labels: "For each item its quantity, an x and its name.",
  inStockTotal: "The total of price times stock of all active items.",
  summary: "The smallest and the largest value and the total.",
  withTaxAll: "Each price with tax added, rounded to cents.",
  flattenSorted: "All values of all groups in ascending order.",
  everyOther: "Every second value, beginning with the first.",
  rotate: "Moves the first values to the end.",
  median: "The middle value when sorted; the average of the two middle ones for an even count.",
  cappedTotal: "The total, at most cap.",
  firstOr: "The first value, or the fallback when there is none.",
  totalLength: "The total length of all words.",
  listSentence: "The names joined by commas, the last one with `and`.",
};

/** All functions of the measure. */
export const SYNTHESIS_CASES: readonly SynthesisCase[] = [...NUMBERS, ...STRINGS, ...ARRAYS, ...SECOND].map((item) => {
  const criterion = CRITERIA[item.name];
  return criterion === undefined || item.words.includes(criterion) || SECOND.includes(item) ? item : { ...item, words: [...item.words, criterion] };
});
