/**
 * Logs: the server's own lines, and a line for each request.
 *
 * Both go to streams and files (as text or JSON), to objects of the user's, or to a class of the user's. Nothing here
 * knows the configuration; `src/server/log.ts` translates it.
 *
 * @module
 */

export type { AccessEntry } from "./access_entry.ts";
export {
  type AccessLog,
  type AccessLogOptions,
  type AccessTarget,
  openAccessLines,
} from "./access_log.ts";
export { customLog, type CustomLogger, sinkLog } from "./custom_logger.ts";
export { type LogHandler, type LogPlan, openErrorLog } from "./error_log.ts";
export { printable } from "./escape.ts";
export { type LogConfigSource, type LogPlans, readLogConfig } from "./log_config.ts";
export { readLogConfigFile } from "./log_config_file.ts";
export type { Destination } from "./output.ts";
export type { ServerLog } from "../log_types.ts";
export type { LogClock } from "./timestamp.ts";
