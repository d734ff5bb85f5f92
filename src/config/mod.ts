/**
 * Configuration: Hypercorn's options with camelCase names, checked.
 *
 * `Config` is what users write, in a program or in a TOML, JSON or TypeScript file;
 * `resolveConfig()` turns it into the one form that the server reads.
 *
 * @module
 */

export { type BindSpec, type HostAndPort, isGuarded, isWildcard, parseBind } from "./bind.ts";
export { Config } from "./config.ts";
export { isPemText } from "./describe.ts";
export { resolveConfig, type ResolvedConfig } from "./resolve.ts";
export type { ConfigInit, Guard, LoggerClass, LogLevel, LogSink, VerifyMode } from "./types.ts";
