/** Keeps what was compiled, by path and content: a job differs from the one before it in a file or two. */
import type { CompileResult } from "@factory/verification/compile";

type Files = { readonly [path: string]: string };

/** Code units of source and compiled text that are kept; the isolate has 128 MB for everything. */
const MAX_KEPT_CHARS = 8 * 1024 * 1024;

/** Compiles files through `compile`, each content once while it is kept. Not persisted: a new instance starts empty. */
export class CompileCache {
  readonly #digest: (text: string) => Promise<string>;
  readonly #compile: (files: Files) => Promise<[path: string, result: CompileResult][]>;
  readonly #kept = new Map<string, { readonly result: CompileResult; readonly chars: number }>();
  #chars = 0;

  constructor(digest: (text: string) => Promise<string>, compile: (files: Files) => Promise<[path: string, result: CompileResult][]>) {
    this.#digest = digest;
    this.#compile = compile;
  }

  async compile(files: Files): Promise<ReadonlyMap<string, CompileResult>> {
    const keys = await Promise.all(Object.entries(files).map(async ([path, text]) => [path, await this.#digest(`${path}\0${text}`)] as const));
    const results = new Map<string, CompileResult>();
    const missing: { [path: string]: string } = {};
    for (const [path, key] of keys) {
      const kept = this.#kept.get(key);
      if (kept === undefined) missing[path] = files[path] ?? "";
      else results.set(path, kept.result);
    }
    if (Object.keys(missing).length === 0) return results;
    const keyOf = new Map(keys);
    for (const [path, result] of await this.#compile(missing)) {
      results.set(path, result);
      this.#keep(keyOf.get(path) ?? path, result, (missing[path] ?? "").length);
    }
    return results;
  }

  #keep(key: string, result: CompileResult, sourceChars: number): void {
    const chars = sourceChars + (result.ok ? result.module.code.length : 0);
    if (this.#kept.has(key)) return;
    this.#kept.set(key, { result, chars });
    this.#chars += chars;
    for (const [oldest, entry] of this.#kept) {
      if (this.#chars <= MAX_KEPT_CHARS) break;
      this.#kept.delete(oldest);
      this.#chars -= entry.chars;
    }
  }
}
