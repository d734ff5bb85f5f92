/**
 * One run of the command line.
 *
 * @module
 */

import { type Invocation, parseArguments } from "./arguments.ts";
import { helpText } from "./help.ts";
import { formatConfig } from "./print_config.ts";
import { type Run, run } from "./run.ts";
import { settle } from "./settle.ts";
import { Reporter, type Terminal } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";
import { VERSION } from "./version.ts";

/** Exit code of a normal stop. */
const STOPPED = 0;

/** Exit code when the start failed, or what was running. */
const FAILED = 1;

/** Exit code when the arguments cannot be used. */
const WRONG_USAGE = 2;

/**
 * Does what the arguments ask for and gives the exit code. Never rejects.
 *
 * @param serve What serves; tests have one of their own.
 */
export async function command(
  args: readonly string[],
  terminal: Terminal,
  serve: Run = run,
): Promise<number> {
  // Errors in the arguments are to have the form, too, that the arguments ask for.
  let reporter = new Reporter(terminal, args.includes("--log-json"));
  try {
    const invocation = parseArguments(args);
    const text = asksForText(invocation);
    if (text !== undefined) {
      terminal.out(text);
      return STOPPED;
    }
    const { job, config } = await settle(invocation);
    reporter = new Reporter(terminal, config.logJson);
    for (const warning of invocation.warnings) reporter.warn(warning);
    if (invocation.commands.has("print-config")) {
      for (const warning of config.warnings) reporter.warn(warning);
      terminal.out(formatConfig(config));
      return STOPPED;
    }
    if (job.application === "") {
      throw new UsageError(
        'No application: name a module such as "main.ts", or set "application_path" in the file',
      );
    }
    return await serve(job, config);
  } catch (error) {
    reporter.fail(error);
    return error instanceof UsageError ? WRONG_USAGE : FAILED;
  }
}

function asksForText({ commands }: Invocation): string | undefined {
  if (commands.has("help")) return helpText();
  return commands.has("version") ? `hypercorn ${VERSION} (Deno ${Deno.version.deno})\n` : undefined;
}
