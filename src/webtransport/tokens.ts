/**
 * How the request for a session names what it wants.
 *
 * @module
 */

/**
 * Values of `:protocol`: `webtransport-h3` since draft 15 of WebTransport over HTTP/3, `webtransport` before and of all
 * browsers. What follows is the same.
 */
export const WEBTRANSPORT_TOKENS: ReadonlySet<string> = new Set([
  "webtransport",
  "webtransport-h3",
]);
