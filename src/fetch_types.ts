/**
 * The fetch form of an application: `(request, info) => Response`.
 *
 * @module
 */

import type { HttpVersion } from "./exchange.ts";

/** Address of a socket, with the shape of `Deno.Addr`. */
export type SocketAddr =
  | {
    /** TCP (HTTP/1 and HTTP/2) or UDP (HTTP/3). */
    readonly transport: "tcp" | "udp";
    /** IP address without brackets. */
    readonly hostname: string;
    /** Port, 0..65535. */
    readonly port: number;
  }
  | {
    /** Unix socket. */
    readonly transport: "unix" | "unixpacket";
    /** Path of the socket file; empty for an unnamed peer. */
    readonly path: string;
  };

/**
 * Second argument of a fetch handler: Deno's `ServeHandlerInfo` and what a server knows beyond it.
 *
 * @example
 * ```ts
 * import { type FetchInfo, serve } from "jsr:@x/hypercorn";
 *
 * await serve((_request: Request, info: FetchInfo) => new Response(`HTTP/${info.httpVersion}`));
 * ```
 */
export interface FetchInfo {
  /** Address of the client. IPv4 clients of a dual-stack bind are given as IPv4. */
  readonly remoteAddr: SocketAddr;
  /**
   * Settles when the response was handed to the transport. On HTTP/1.1 the runtime also resolves it when
   * the client went away, so use `request.signal` and the response stream's `cancel()` to notice that.
   */
  readonly completed: Promise<void>;
  /** HTTP version. On a plain TCP bind the runtime does not tell 1.0 from 1.1; both are `"1.1"`. */
  readonly httpVersion: HttpVersion;
  /** Address the listener is bound to. */
  readonly localAddr: SocketAddr;
  /**
   * Name the client asked for in TLS (SNI); `null` when it gave none. `undefined` without TLS and on HTTP/1 and HTTP/2,
   * where the runtime does not tell.
   */
  readonly serverName?: string | null | undefined;
  /**
   * Sends an interim response such as 103 Early Hints (RFC 8297).
   *
   * @returns `true` when it was sent, `false` where the protocol cannot carry it (HTTP/1 and HTTP/2 here).
   */
  informational(status: number, headers: HeadersInit): boolean;
  /**
   * Sends trailer fields after the response content (RFC 9110 §6.5).
   *
   * @param fields The fields, or a function called when the content has ended.
   * @returns `true` when they will be sent, `false` where the protocol cannot carry them.
   */
  trailers(fields: HeadersInit | (() => HeadersInit)): boolean;
  /**
   * Trailer fields of the request (RFC 9110 §6.5). Read its content first: they come after it.
   *
   * @returns `null` when there were none, or where the protocol drops them (HTTP/1 and HTTP/2 here).
   */
  requestTrailers(): Promise<Headers | null>;
}

/**
 * An application in fetch form. Objects with a `fetch` method (Hono, Oak's `app`, `Deno.serve` default
 * exports) are accepted too.
 *
 * @example
 * ```ts
 * import { type FetchHandler, serve } from "jsr:@x/hypercorn";
 *
 * const app: FetchHandler = (request) => new Response(new URL(request.url).pathname);
 * await serve(app);
 * ```
 */
export type FetchHandler = (
  request: Request,
  info: FetchInfo,
) => Response | Promise<Response>;
