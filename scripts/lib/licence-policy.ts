/** The one place that says under which licences the project takes code. */

/** SPDX ids that any package may have. */
export const ALLOWED_LICENCES: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Python-2.0",
  "Unlicense",
  "Zlib",
]);

/** Licences that only these packages may have; a name that ends in `*` stands for all that begin so. */
export const ALLOWED_FOR: readonly { readonly name: string; readonly licence: string; readonly reason: string }[] = [
  { name: "@fontsource-variable/*", licence: "OFL-1.1", reason: "fonts of the dashboard, served unchanged under their own names" },
  { name: "axe-core", licence: "MPL-2.0", reason: "runs in tests only, unchanged" },
  { name: "caniuse-lite", licence: "CC-BY-4.0", reason: "data that a build tool reads; no part of what is built" },
  { name: "lightningcss*", licence: "MPL-2.0", reason: "a build tool, unchanged; no part of what is built" },
  { name: "@img/sharp-*", licence: "LGPL-3.0-or-later", reason: "a library that the local platform's image binding loads, unchanged; never deployed" },
];
