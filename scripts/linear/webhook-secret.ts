/** The secret of the webhook: one file that only its owner reads. It is never printed and in no argument of a process. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SetupError } from "./setup-step.ts";

const SECRET_BYTES = 32;
const SECRET = /^[0-9a-f]{64}$/;
const OWNER_ONLY = 0o600;

/** The secret in the file; null where there is no file. @throws SetupError for a file that holds something else */
export function readSecret(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "ENOENT") return null;
    throw new SetupError(`The secret's file ${path} cannot be read: ${err instanceof Error ? err.message : String(err)}`, { cause: err });
  }
  if (!SECRET.test(text))
    throw new SetupError(`${path} holds no secret of ${SECRET_BYTES} bytes in hexadecimal. Name another file with --secret-file, or remove it.`);
  return text;
}

/** Makes a secret and keeps it in a new file. @throws SetupError where the file cannot be made */
export function makeSecret(path: string): string {
  const secret = randomBytes(SECRET_BYTES).toString("hex");
  try {
    mkdirSync(dirname(path), { recursive: true });
    // "wx" makes the file, so its mode is this one from the first byte on.
    writeFileSync(path, secret, { mode: OWNER_ONLY, flag: "wx" });
  } catch (err) {
    throw new SetupError(`The secret's file ${path} cannot be written: ${err instanceof Error ? err.message : String(err)}`, { cause: err });
  }
  return secret;
}
