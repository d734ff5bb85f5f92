/**
 * A program that supervises: `supervise.ts APPLICATION OPTIONS`, where the options are JSON.
 *
 * It prints the exit code, because a shell could not tell it from that of a crash.
 *
 * @module
 */

import { type Job, loadJobConfig } from "../../../src/workers/job.ts";
import { supervise } from "../../../src/workers/supervise.ts";

const [application = "", options = "{}", config = null] = Deno.args;
const job: Job = { application, factory: false, config, options: JSON.parse(options) };
try {
  Deno.exit(await supervise(job, await loadJobConfig(job)));
} catch (error) {
  const { name, message } = error as Error;
  // deno-lint-ignore no-console -- what the program is for
  console.error(`Failed: ${name}: ${message}`);
  Deno.exit(1);
}
