/**
 * The environ of one request.
 *
 * @see {@link https://peps.python.org/pep-3333/#environ-variables | PEP 3333, environ Variables}
 * @module
 */

import type { Exchange, RequestHead } from "../exchange.ts";
import type { FieldList } from "../fields.ts";
import { type Bytes, MemoryInput } from "./wsgi_input.ts";
import type { WSGIPath } from "../request_target.ts";
import type { SpooledInput } from "./wsgi_spool.ts";
import type { WSGIEnviron, WSGIErrors } from "../wsgi_types.ts";

/** What {@link buildEnviron} needs beside the exchange. */
export interface EnvironParts {
  /** SCRIPT_NAME. */
  readonly scriptName: string;
  /** PATH_INFO and QUERY_STRING. */
  readonly path: WSGIPath;
  /** The whole request content: in memory, or an input over a temporary file. */
  readonly content: Bytes | SpooledInput;
  /** `wsgi.errors`. */
  readonly errors: WSGIErrors;
  /** `wsgi.multiprocess`. */
  readonly multiprocess: boolean;
}

const VERSION: readonly [1, 0] = Object.freeze([1, 0] as const);

/**
 * Keys of the fields that nearly every browser sends, so that they need not be built per request. It
 * does not grow with what clients send.
 */
const COMMON_KEYS: ReadonlyMap<string, `HTTP_${string}`> = new Map(
  [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "cookie",
    "host",
    "if-modified-since",
    "if-none-match",
    "origin",
    "pragma",
    "range",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "upgrade-insecure-requests",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-proto",
  ].map((name) => [name, environKey(name)]),
);

function environKey(name: string): `HTTP_${string}` {
  return `HTTP_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** Builds the environ; the application may change it as it likes. */
export function buildEnviron(exchange: Exchange, parts: EnvironParts): WSGIEnviron {
  const { request, peer: { client, server } } = exchange;
  const { content } = parts;
  const environ: WSGIEnviron = {
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: parts.scriptName,
    PATH_INFO: parts.path.pathInfo,
    QUERY_STRING: parts.path.queryString,
    SERVER_NAME: server === null ? "localhost" : server.hostname,
    SERVER_PORT: server === null ? defaultPort(request) : String(server.port),
    SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
    "wsgi.version": VERSION,
    "wsgi.url_scheme": request.scheme,
    "wsgi.input": content instanceof Uint8Array ? new MemoryInput(content) : content,
    "wsgi.input_terminated": true,
    "wsgi.errors": parts.errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": parts.multiprocess,
    "wsgi.run_once": false,
  };
  if (client !== null) {
    environ.REMOTE_ADDR = client.hostname;
    environ.REMOTE_PORT = String(client.port);
  }
  addFields(environ, request.fields);
  // The real length, also where the client sent the content in chunks (RFC 3875 §4.1.2).
  const chunked = environ.HTTP_TRANSFER_ENCODING !== undefined;
  if (environ.CONTENT_LENGTH !== undefined || chunked || content.length > 0) {
    environ.CONTENT_LENGTH = String(content.length);
  }
  return environ;
}

/** PEP 3333 forbids an empty SERVER_PORT, but a Unix socket has none: the scheme's own. */
function defaultPort(request: RequestHead): string {
  return request.scheme === "https" ? "443" : "80";
}

/**
 * Adds the request fields; repeated ones are joined with `,` as in Hypercorn, cookies with `; `.
 *
 * Left out are names with an underscore, which would pass for the field with a hyphen in its place
 * (`X_Real_IP` for `X-Real-IP`), and `Proxy`, whose key is an environment variable that HTTP client
 * libraries obey ({@link https://httpoxy.org/ | httpoxy}).
 */
function addFields(environ: WSGIEnviron, fields: FieldList): void {
  for (const [name, value] of fields) {
    switch (name) {
      case "proxy":
        break;
      case "content-type":
        environ.CONTENT_TYPE = join(environ.CONTENT_TYPE, ",", value);
        break;
      case "content-length":
        environ.CONTENT_LENGTH = value;
        break;
      default: {
        const key = COMMON_KEYS.get(name) ?? (name.includes("_") ? null : environKey(name));
        if (key === null) break;
        environ[key] = join(environ[key], name === "cookie" ? "; " : ",", value);
      }
    }
  }
}

function join(before: string | undefined, separator: string, value: string): string {
  return before === undefined ? value : before + separator + value;
}
