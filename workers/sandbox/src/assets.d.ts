/** Written by `build.ts`: texts of the modules that isolates are made of, and a digest of what they were built from. */
declare module "*/assets.gen.js" {
  export const compiler: string;
  export const main: string;
  export const kit: string;
  export const digest: string;
}
