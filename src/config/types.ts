/**
 * Types of option values that are more than a string, number or list.
 *
 * @module
 */

import type { Config } from "./config.ts";

export type { LoggerClass, LogLevel, LogSink } from "../log_types.ts";

/** Demand on client certificates, by Python's names: none, verify if sent, or required. */
export type VerifyMode = "CERT_NONE" | "CERT_OPTIONAL" | "CERT_REQUIRED";

/** Which driver accepts TCP connections, see `Config.guard`. */
export type Guard = "auto" | "on" | "off";

/**
 * Options for a new {@link Config}: any of its attributes. `undefined` counts as not given. Hypercorn's snake_case names
 * are understood too, but only the camelCase ones are typed.
 */
export type ConfigInit = {
  readonly [Name in keyof Config]?:
    | Config[Name]
    | (string[] extends Config[Name] ? readonly string[] : never)
    | undefined;
};
