/** What a command of the command line is run in by a test: a folder of its own, and streams that are read back. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";

/** An empty folder for each test of the file that calls this; it is gone when the test has ended. */
export type TestFolder = {
  /** Its absolute path, while a test runs. */
  readonly path: string;
  /** Writes a file, with the folders it is in. @returns its absolute path */
  readonly put: (path: string, content: string | Uint8Array) => string;
};

/**
 * Gives each test of the calling file a folder.
 *
 * @param name - what its name begins with
 */
export function testFolder(name: string): TestFolder {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `${name}-`));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return {
    get path() {
      return folder;
    },
    put: (path, content) => {
      const whole = join(folder, path);
      mkdirSync(join(whole, ".."), { recursive: true });
      writeFileSync(whole, content);
      return whole;
    },
  };
}

/** What commands have written to their streams since the test began, or since it was forgotten. */
export type Output = {
  readonly out: string;
  readonly err: string;
  readonly forget: () => void;
};

/** Captures in each test of the calling file what goes to stdout and stderr; every mock is restored when a test has ended. */
export function capturedOutput(): Output {
  let out: string;
  let err: string;
  const forget = (): void => {
    out = "";
    err = "";
  };
  beforeEach(() => {
    forget();
    vi.spyOn(process.stdout, "write").mockImplementation((text) => ((out += String(text)), true));
    vi.spyOn(process.stderr, "write").mockImplementation((text) => ((err += String(text)), true));
  });
  afterEach(() => vi.restoreAllMocks());
  return {
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    forget,
  };
}
