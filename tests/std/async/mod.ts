/**
 * Offline stand-in for `jsr:@std/async`: only what this repository calls. See `../README.md`.
 *
 * @module
 */

export { abortable } from "./abortable.ts";
export { deadline, type DeadlineOptions } from "./deadline.ts";
export { delay, type DelayOptions } from "./delay.ts";
