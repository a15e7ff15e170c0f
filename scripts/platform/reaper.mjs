/**
 * Outlives a killed platform for one act: when the pipe on its standard input closes, every process of the group
 * named by its argument is ended. A runtime that loses its parent to SIGKILL would otherwise stay and hold the port.
 */
const group = Number(process.argv[2]);
if (!Number.isInteger(group) || group <= 1) throw new Error("reaper: a process group is needed");
process.stdin.resume();
process.stdin.on("end", () => {
  try {
    process.kill(-group, "SIGKILL");
  } catch (err) {
    if (err.code !== "ESRCH") throw err;
  }
  process.exit(0);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
