/**
 * The command line: serves the application of a module.
 *
 * ```sh
 * deno run -A jsr:@x/hypercorn/cli main.ts --bind 0.0.0.0:8000 --workers 4
 * ```
 *
 * Flags are Hypercorn's, and `--help` lists them. A flag wins over the file of `--config`, and that over the default; a
 * list is replaced as a whole.
 *
 * | Exit code | Meaning                                                                     |
 * | --------- | --------------------------------------------------------------------------- |
 * | 0         | Stopped by SIGINT, SIGTERM or a limit; or only text was asked for           |
 * | 1         | The start failed (configuration file, application, address), or the running |
 * |           | (such as an error that the application left uncaught)                       |
 * | 2         | The arguments cannot be used                                                |
 *
 * Workers need Deno's flags `--allow-run` and `--allow-env`. Without these, and without a flag or option that asks for
 * workers, the server runs in the process of the command line. `--allow-read` for the modules and files, `--allow-net` for the addresses and
 * `--unstable-net` for HTTP/3 are the other flags it may need.
 *
 * @module
 */

import { command } from "./main.ts";
import { PROCESS_TERMINAL } from "./terminal.ts";

/**
 * Runs the command line in this process, as if it had been started with these arguments, but does not exit.
 *
 * @param args Arguments, without the program.
 * @returns The exit code. Never rejects: errors are written to standard error.
 * @example
 * ```ts
 * import { main } from "jsr:@x/hypercorn/cli";
 *
 * const exitCode = await main(["main.ts", "--bind", "127.0.0.1:8000"]);
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  return await command(args, PROCESS_TERMINAL);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
