/** Entry of the `factory` command. */
import { main } from "./run.ts";

// A reader that has seen enough, such as `| head`, closes the pipe: that is no failure of the command.
process.stdout.on("error", (err: NodeJS.ErrnoException) => {
  if (err.code !== "EPIPE") throw err;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2), process.env);
