/** The library that strict checks start from. */
export const LIB_ENTRY = "lib.es2024.d.ts";
