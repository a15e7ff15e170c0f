/**
 * Tells a process that whoever started it is gone. The shells between npm and its script neither pass signals on nor end
 * by themselves, so a killed `npm start` is noticed only by looking.
 */
import { spawnSync } from "node:child_process";

/** How often the ancestors are looked at, in milliseconds. */
const LOOK_EVERY_MS = 500;
/** npm, a shell and pnpm's launcher are between a person and a script. */
const MAX_GENERATIONS = 6;

/** Parents up to npm's process; only the direct one where npm is not among them, since a detached script is meant to stay. */
function watchedAncestors() {
  const found = [process.ppid];
  for (let generation = 0; generation < MAX_GENERATIONS; generation++) {
    const { stdout } = spawnSync("ps", ["-o", "ppid=,args=", "-p", String(found.at(-1))], { encoding: "utf8" });
    const [, parent, command] = /^\s*(\d+)\s+(.*)$/m.exec(stdout ?? "") ?? [];
    if (command === undefined) break;
    if (/^(\S*\/)?(npm|npm-cli\.js)\b|\/npm(-cli\.js)?\s/.test(command)) return found;
    found.push(Number(parent));
  }
  return found.slice(0, 1);
}

/** Whether a process is there, whoever owns it. */
function isThere(/** @type {number} */ pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return err instanceof Error && "code" in err && err.code === "EPERM";
  }
}

/** Calls back once when this process has lost its parent, or the npm above it. It does not keep the process alive. */
export function onOrphaned(/** @type {() => void} */ callback) {
  const parent = process.ppid;
  const ancestors = watchedAncestors();
  const timer = setInterval(() => {
    if (process.ppid === parent && ancestors.every(isThere)) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
}
