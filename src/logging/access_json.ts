/**
 * Access lines as JSON.
 *
 * @module
 */

import { type AccessEntry, entryMaker } from "./access_entry.ts";
import type { AccessNeeds, AccessRecord } from "./access_record.ts";
import { jsonText } from "./escape.ts";
import { isoFormat } from "./timestamp.ts";

/** Name of the logger, in Hypercorn and in a `logconfig`. */
export const ACCESS_LOGGER = "hypercorn.access";

/**
 * Makes a writer of JSON lines: one object each, members in this order and always all of them, but for `reason`.
 *
 * | Member                          | Type                                                               |
 * | ------------------------------- | ------------------------------------------------------------------ |
 * | `time`                          | string, ISO 8601 in UTC with milliseconds: when it ended           |
 * | `level`, `pid`, `logger`        | `"INFO"`, number, `"hypercorn.access"`                             |
 * | `client_host`, `client_port`    | string or null on a Unix socket; number or null when not known     |
 * | `method`, `scheme`, `host`      | strings; `scheme` is `ws` or `wss` for WebSockets                  |
 * | `path`, `query`                 | strings, the path percent-decoded, the query as received           |
 * | `http_version`, `protocol`      | `"1.0"`, `"1.1"`, `"2"` or `"3"`; `"h11"`, `"h2"` or `"h3"`        |
 * | `status`                        | number, or null when the client got no response                    |
 * | `bytes`                         | number: content, WebSocket messages or what a session sent         |
 * | `duration`                      | number: seconds, with microseconds                                 |
 * | `referer`, `user_agent`         | string or null                                                     |
 * | `outcome`                       | `"complete"`, `"aborted"`, `"failed"` or `"refused"`               |
 * | `reason`                        | string, only when refused                                          |
 * | `websocket`, `webtransport`     | booleans: what it asked for                                        |
 */
export function jsonFormat(needs: AccessNeeds): (record: AccessRecord) => string {
  const entryOf = entryMaker(needs);
  const timestamp = isoFormat();
  const source = `"level":"INFO","pid":${Deno.pid},"logger":"${ACCESS_LOGGER}"`;
  // By hand: JSON.stringify() takes longer, and leaves characters as they are that steer terminals.
  return (record) => {
    const entry = entryOf(record);
    return `{"time":"${timestamp(entry.time)}",${source}${requestMembers(entry)}${
      responseMembers(entry)
    }}`;
  };
}

function requestMembers(entry: AccessEntry): string {
  return `,"client_host":${textOrNull(entry.clientHost)},"client_port":${entry.clientPort}` +
    `,"method":${jsonText(entry.method)},"scheme":"${entry.scheme}","host":${
      jsonText(entry.host)
    }` +
    `,"path":${jsonText(entry.path)},"query":${jsonText(entry.query)}` +
    `,"http_version":"${entry.httpVersion}","protocol":"${entry.protocol}"`;
}

function responseMembers(entry: AccessEntry): string {
  const reason = entry.reason === null ? "" : `,"reason":"${entry.reason}"`;
  return `,"status":${entry.status},"bytes":${entry.bytes}` +
    `,"duration":${Math.round(entry.duration * 1e6) / 1e6}` +
    `,"referer":${textOrNull(entry.referer)},"user_agent":${textOrNull(entry.userAgent)}` +
    `,"outcome":"${entry.outcome}"${reason}` +
    `,"websocket":${entry.websocket},"webtransport":${entry.webtransport}`;
}

function textOrNull(text: string | null): string {
  return text === null ? "null" : jsonText(text);
}
