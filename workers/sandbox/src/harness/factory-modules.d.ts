/** Modules that exist only inside an isolate: the bundled kit, and the table of the job's modules. */
declare module "factory:vitest-kit" {
  /** Evaluates vitest anew with the given globals; answers the exports of `vitest-kit.ts`. */
  export default function instantiate(globals: object): unknown;
}
declare module "factory:job" {
  const modules: readonly unknown[];
  export default modules;
}
