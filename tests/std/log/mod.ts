/**
 * Offline stand-in for `jsr:@std/log`: only what this repository calls. See `../README.md`.
 *
 * @module
 */

export { BaseHandler, type BaseHandlerOptions, type FormatterFunction } from "./base_handler.ts";
export {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";
export { type GenericFunction, Logger, type LoggerOptions, LogRecord } from "./logger.ts";
