/**
 * Types of option values that are more than a string, number or list.
 *
 * @module
 */

export type { LoggerClass, LogLevel, LogSink } from "../log_types.ts";

/** Demand on client certificates, by Python's names: none, verify if sent, or required. */
export type VerifyMode = "CERT_NONE" | "CERT_OPTIONAL" | "CERT_REQUIRED";

/** Which driver accepts TCP connections, see `Config.guard`. */
export type Guard = "auto" | "on" | "off";
