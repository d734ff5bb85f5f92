/**
 * From HTTP to HTTPS.
 *
 * @module
 */

import type { Composition } from "../composition.ts";
import { ConfigError } from "../errors.ts";
import type { RequestHead, ResponseWriter } from "../exchange.ts";
import { type FieldList, isHost, NO_CONTENT } from "../fields.ts";
import type { FetchFramework, Framework } from "../framework_types.ts";
import { describe } from "../misuse.ts";
import { originForm, pathBelow, pathOf, scriptName } from "../request_target.ts";
import { wrap } from "./wrap.ts";

/** Options of {@link redirectToHttps}. */
export interface RedirectOptions {
  /**
   * Status of the answer (RFC 9110 §15.4). Default 307, as in Hypercorn. 308 is the same for good; with 301 and 302 clients
   * may turn a POST into a GET.
   */
  readonly status?: 301 | 302 | 307 | 308;
  /** Host to send clients to, with or without port. Default: the host they asked for, without its port. */
  readonly host?: string;
  /** Port of HTTPS. Default 443. */
  readonly port?: number;
}

/** Where clients are sent to, apart from the path. */
interface Destination {
  /** Authority of the option `host`, or `null` for that of the request. */
  readonly authority: string | null;
  /** What follows the host of a request: `""`, or `:` and the port. */
  readonly portSuffix: string;
  /** `root_path` as it is compared with a decoded path. */
  readonly scriptName: string;
  /** `root_path`, percent-encoded. */
  readonly rootPath: string;
}

/**
 * Answers requests of the scheme `http` with a redirect to the same under `https`, and WebSocket handshakes with one to
 * `wss`; what is secure already reaches the application. Behind a proxy put it inside: `proxyFix(redirectToHttps(app))`,
 * so that the scheme counts that the proxy told.
 *
 * The location is made of the configured host, or of that of the request if it is valid, and of the target as it was
 * received: nothing in a request can lead to another host. A request without a valid host is answered with 400. Set `host`
 * when caches are in front, for a cached redirect goes where the first client said.
 *
 * @param app The application, in any form.
 * @throws {ConfigError} For an option that cannot be used.
 *
 * @example
 * ```ts
 * import { serve } from "jsr:@x/hypercorn";
 * import { redirectToHttps } from "jsr:@x/hypercorn/middleware";
 *
 * await serve(redirectToHttps(() => new Response("Secure\n"), { status: 308 }), {
 *   bind: "[::]:443",
 *   insecureBind: "[::]:80",
 *   certfile: "cert.pem",
 *   keyfile: "key.pem",
 * });
 * ```
 */
export function redirectToHttps(app: FetchFramework, options?: RedirectOptions): Composition;
/** Redirects to HTTPS around an application of any form, see the first signature. */
export function redirectToHttps(app: Framework, options?: RedirectOptions): Composition;
export function redirectToHttps(app: Framework, options: RedirectOptions = {}): Composition {
  const { status = 307, host, port } = options;
  checkOptions(status, host, port);
  return wrap(app, ({ http, websocket, webtransport }, { rootPath }) => {
    const destination: Destination = {
      authority: host ?? null,
      portSuffix: port === undefined || port === 443 ? "" : `:${port}`,
      scriptName: scriptName(rootPath),
      rootPath: encodePath(rootPath),
    };
    /** Puts the redirect in front of a handler. */
    const behind =
      <T extends Redirectable>(handle: (exchange: T) => Promise<void>, to: Scheme) =>
      (exchange: T): Promise<void> =>
        exchange.request.scheme === "https"
          ? handle(exchange)
          : answer(exchange, status, locationOf(exchange.request, to, destination));
    return {
      http: behind(http, "https"),
      websocket: behind(websocket, "wss"),
      ...(webtransport && { webtransport: behind(webtransport, "https") }),
    };
  });
}

/** What can be answered with a redirect. */
type Redirectable = ResponseWriter & { readonly request: RequestHead };

/** Schemes that clients are sent to. */
type Scheme = "https" | "wss";

async function answer(
  writer: ResponseWriter,
  status: number,
  location: string | null,
): Promise<void> {
  const fields: FieldList = location === null
    ? NO_CONTENT
    : [["location", location], ...NO_CONTENT];
  await writer.respond({ status: location === null ? 400 : status, fields });
  await writer.end();
}

/** Where a request is sent to; `null` when it names no valid host and none is configured. */
function locationOf(request: RequestHead, scheme: Scheme, to: Destination): string | null {
  const authority = to.authority ?? authorityOf(request, to.portSuffix);
  return authority && `${scheme}://${authority}${pathAndQuery(request.target, to)}`;
}

/** The host that the client asked for. Its port is that of HTTP, where nobody speaks HTTPS. */
function authorityOf({ authority }: RequestHead, portSuffix: string): string | null {
  const isValid = authority !== "" && isHost(authority);
  return isValid ? authority.replace(/:[0-9]*$/, "") + portSuffix : null;
}

/** What may stand in a target and would break a field value, or mean something else in a URL than in a target. */
const UNSAFE = /[^\x21-\x7e]|[\\#]/gu;

/**
 * Path and query of the location, which begin with `/`. A target in another form than origin-form has no path of its own,
 * or an authority that must not count (RFC 9112 §3.2). A proxy may have taken `root_path` off: it is put back.
 */
function pathAndQuery(target: string, to: Destination): string {
  const origin = originForm(target);
  const path = origin.startsWith("/") ? origin : origin.startsWith("?") ? `/${origin}` : "/";
  const isWhole = pathBelow(pathOf(path), to.scriptName) !== null;
  return (isWhole ? path : to.rootPath + path).toWellFormed().replace(UNSAFE, encodeURIComponent);
}

/** Percent-encodes a path that was given as text: `""`, or with a slash in front and none behind. */
function encodePath(path: string): string {
  const segments = path.toWellFormed().split("/").filter((segment) => segment !== "");
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
}

function checkOptions(status: number, host: string | undefined, port: number | undefined): void {
  if (![301, 302, 307, 308].includes(status)) {
    throw unusable("status", "301, 302, 307 or 308", status);
  }
  if (host !== undefined && (host === "" || !isHost(host))) {
    throw unusable("host", `a host such as "example.com" or "example.com:8443"`, host);
  }
  if (port === undefined) return;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw unusable("port", "a port, 1 to 65535", port);
  }
  if (host !== undefined) {
    throw unusable("port", `no port beside "host"`, port, `Write it as host: "${host}:${port}"`);
  }
}

function unusable(key: string, expected: string, value: unknown, hint?: string): ConfigError {
  const received = describe(value);
  return new ConfigError({ key, expected, received, ...(hint !== undefined && { hint }) });
}
