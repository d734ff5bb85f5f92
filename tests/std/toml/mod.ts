/**
 * Offline stand-in for `jsr:@std/toml`: only what this repository calls. See `../README.md`.
 *
 * @module
 */

export { parse } from "./parse.ts";
