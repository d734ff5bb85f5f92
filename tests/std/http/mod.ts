/**
 * Offline stand-in for `jsr:@std/http`: only what this repository calls. See `../README.md`.
 *
 * @module
 */

export { type ServerSentEventMessage, ServerSentEventStream } from "./server_sent_event_stream.ts";
export { STATUS_TEXT, type StatusCode, type StatusText } from "./status.ts";
