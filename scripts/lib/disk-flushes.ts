/** Flushes that a disk was asked for, counted by the kernel: they do not depend on how fast the machine is. */
import { readFileSync, statSync } from "node:fs";

/** Column of completed flushes: https://www.kernel.org/doc/Documentation/iostats.txt */
const FLUSHES_COLUMN = 18;

/** Flushes of the disk that holds a folder since it was started, by every process; null where the system does not count them. */
export function diskFlushes(directory: string): number | null {
  try {
    const { dev } = statSync(directory);
    // The upper bits hold the major number: https://man7.org/linux/man-pages/man3/makedev.3.html
    const device = `${(dev >> 8) & 0xfff} ${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
    const line = readFileSync("/proc/diskstats", "utf8")
      .split("\n")
      .map((text) => text.trim().split(/\s+/))
      .find(([major, minor]) => `${major} ${minor}` === device);
    const count = Number(line?.[FLUSHES_COLUMN]);
    return Number.isFinite(count) ? count : null;
  } catch {
    // No such file on this system: the figure is left out rather than guessed.
    return null;
  }
}
