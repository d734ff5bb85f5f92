/**
 * Logs 100 requests to standard output and exits at once with code 7, without closing the log.
 *
 * @module
 */

import { openAccessLines } from "../../src/logging/mod.ts";
import { tell } from "./observed.ts";

const log = openAccessLines({
  target: { handlers: [{ target: "stdout", option: "accesslog", level: "INFO", json: false }] },
  template: "%(s)s %({HOME}e)s",
  log: console,
});
for (let count = 0; count < 100; count++) tell(log);
Deno.exit(7);
