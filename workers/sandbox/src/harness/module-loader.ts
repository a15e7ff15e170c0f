/** Loads a job's modules for one run: each run evaluates each module anew, as `import` would have done once. */
import type { Meter } from "@factory/verification/compile";
import type { ModuleRow } from "./raw-report.ts";

type Exports = { [name: string]: unknown };
type ModuleFunction = (exports: Exports, require: (specifier: string) => unknown, module: { exports: unknown }) => unknown;

/** A row of the isolate's module table with its code. */
export type LoadableModule = ModuleRow & { readonly make: (meter: Meter) => ModuleFunction };

/** An import that names something its target does not export. */
export class MissingExportError extends Error {
  readonly module: number;
  readonly line: number;

  constructor(module: number, line: number, message: string) {
    super(message);
    this.name = "MissingExportError";
    this.module = module;
    this.line = line;
  }
}

type Instance = { readonly module: { exports: unknown }; state: "new" | "evaluating" | "done" | "failed"; error?: unknown };

/** Loads modules against one harness and one meter. */
export class ModuleLoader {
  readonly #modules: readonly LoadableModule[];
  readonly #harness: object;
  readonly #meter: Meter;
  readonly #instances: Instance[];

  constructor(modules: readonly LoadableModule[], harness: object, meter: Meter) {
    this.#modules = modules;
    this.#harness = harness;
    this.#meter = meter;
    this.#instances = modules.map(() => ({ module: { exports: {} }, state: "new" }));
  }

  /**
   * Evaluates a module after what it imports, in the order of the imports. Its exports are {@link exportsOf}: a promise of them would
   * call an export named `then`.
   *
   * @throws MissingExportError and whatever the module throws, the same error at each call.
   */
  async load(index: number): Promise<void> {
    const { row, instance } = this.#at(index);
    if (instance.state !== "new") {
      this.#settled(instance);
      return;
    }
    instance.state = "evaluating";
    try {
      for (const { target, dynamic } of row.imports) if (!dynamic && target !== "harness") await this.load(target);
      this.#checkNames(index);
      await this.#start(index);
      instance.state = "done";
    } catch (err) {
      instance.state = "failed";
      instance.error = err;
      throw err;
    }
  }

  /** What a loaded module exports. */
  exportsOf(index: number): { readonly [name: string]: unknown } {
    const { exports } = this.#at(index).instance.module;
    return typeof exports === "object" && exports !== null ? (exports as { readonly [name: string]: unknown }) : {};
  }

  #start(index: number): unknown {
    const { row, instance } = this.#at(index);
    return row.make(this.#meter)(instance.module.exports as Exports, (specifier) => this.#require(index, specifier), instance.module);
  }

  /** What compiled code calls for an import: the target is there already, but for an `import()` that runs for the first time. */
  #require(importer: number, specifier: string): unknown {
    const found = this.#at(importer).row.imports.find((candidate) => candidate.specifier === specifier);
    if (found === undefined) throw new Error(`Cannot import ${JSON.stringify(specifier)}`);
    if (found.target === "harness") return this.#harness;
    return this.#loadNow(found.target);
  }

  #loadNow(index: number): unknown {
    const { row, instance } = this.#at(index);
    if (instance.state !== "new") return this.#settled(instance);
    if (row.async) throw new Error(`${row.path} awaits at its top level: import it statically`);
    instance.state = "evaluating";
    try {
      for (const { target, dynamic } of row.imports) if (!dynamic && target !== "harness") this.#loadNow(target);
      this.#checkNames(index);
      this.#start(index);
      instance.state = "done";
    } catch (err) {
      instance.state = "failed";
      instance.error = err;
      throw err;
    }
    return instance.module.exports;
  }

  #settled(instance: Instance): unknown {
    if (instance.state === "failed") throw instance.error;
    return instance.module.exports;
  }

  /** An import of an absent name would read `undefined` in silence; a module system refuses it. */
  #checkNames(index: number): void {
    const { row } = this.#at(index);
    for (const { target, specifier, names, line } of row.imports) {
      const exports = target === "harness" ? this.#harness : this.#finished(target);
      if (exports === undefined) continue;
      const missing = names.find((name) => !Object.hasOwn(exports, name));
      if (missing === undefined) continue;
      const name = missing === "default" ? "a default export" : JSON.stringify(missing);
      throw new MissingExportError(index, line, `${row.path}:${line} imports ${name} from ${JSON.stringify(specifier)}, which does not export it`);
    }
  }

  /** Exports of a module that is done and was a module with exports; a cycle's are not complete yet. */
  #finished(index: number): object | undefined {
    const { module, state } = this.#at(index).instance;
    const { exports } = module;
    return state === "done" && typeof exports === "object" && exports !== null && "__esModule" in exports ? exports : undefined;
  }

  #at(index: number): { row: LoadableModule; instance: Instance } {
    const row = this.#modules[index];
    const instance = this.#instances[index];
    if (row === undefined || instance === undefined) throw new Error(`There is no module ${index}`);
    return { row, instance };
  }
}
