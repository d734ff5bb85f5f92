/**
 * The `info` argument of a fetch application under `Deno.serve`.
 *
 * @module
 */

import type { HttpVersion } from "../exchange.ts";
import type { FetchInfo, SocketAddr } from "../fetch_types.ts";
import { versionOf } from "./serve_context.ts";
import { unmapped } from "./serve_request.ts";

/** What the runtime passes as its own `info`. */
export interface NativeInfo {
  /** Address of the client. */
  readonly remoteAddr: SocketAddr;
  /** Settles when the response was handed over. */
  readonly completed: Promise<void>;
  /** Our end of the connection, where the listener is not ours. */
  readonly localAddr?: SocketAddr;
  /** What the handshake agreed on, where that is known; it tells 2 from 1, not 1.1 from 1.0. */
  readonly httpVersion?: HttpVersion | undefined;
  /** The content of the request does not come although its response has begun; cuts the connection where that is possible. */
  readonly stalled?: () => void;
}

/**
 * Says whether a request came over HTTP/2.
 *
 * The runtime does not tell. HTTP/1.1 requests carry a Host field and HTTP/2 requests of ordinary clients do not, so
 * where nothing better is known its absence means HTTP/2.
 *
 * @param host Value of the Host field, `null` when there is none.
 */
export function isHttp2({ httpVersion }: NativeInfo, host: string | null): boolean {
  return httpVersion === undefined ? host === null : httpVersion === "2";
}

/** Wraps the runtime's info; nothing is computed unless the application looks, for one is made for every request. */
export class ServeInfo implements FetchInfo {
  readonly #native: NativeInfo;
  readonly #listener: { readonly localAddr: SocketAddr };
  readonly #http2: boolean;

  constructor(
    native: NativeInfo,
    listener: { readonly localAddr: SocketAddr },
    http2: boolean,
  ) {
    this.#native = native;
    this.#listener = listener;
    this.#http2 = http2;
  }

  get httpVersion(): HttpVersion {
    return versionOf(this.#http2);
  }

  get localAddr(): SocketAddr {
    return this.#native.localAddr ?? this.#listener.localAddr;
  }

  get remoteAddr(): SocketAddr {
    const address = this.#native.remoteAddr;
    if (!("port" in address)) return address;
    return { ...address, hostname: unmapped(address.hostname) };
  }

  get completed(): Promise<void> {
    return this.#native.completed;
  }

  /** The runtime cannot send interim responses. */
  informational(_status: number, _headers: HeadersInit): boolean {
    return false;
  }

  /** The runtime drops them. */
  requestTrailers(): Promise<Headers | null> {
    return Promise.resolve(null);
  }

  /** The runtime cannot send trailers. */
  trailers(_fields: HeadersInit | (() => HeadersInit)): boolean {
    return false;
  }
}
