/**
 * A `Request` and its `info` made from an exchange, where the runtime has none of its own to give.
 *
 * @module
 */

import { HandshakeError } from "../errors.ts";
import type { Exchange, HttpVersion, NetAddress, PeerInfo, RequestHead } from "../exchange.ts";
import type { FetchInfo, SocketAddr } from "../fetch_types.ts";
import type { FieldList } from "../fields.ts";
import { lazyRequest, type RequestParts } from "./lazy_request.ts";

/** What a request is made from: an exchange, or a handshake, which has no `read`. */
export interface RequestSource {
  /** The head. */
  readonly request: RequestHead;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Next piece of content; absent where there is none. */
  read?(): Promise<Uint8Array | null>;
}

/** Methods `new Request` refuses, although HTTP has them (Fetch Standard, "forbidden method"). */
const FORBIDDEN = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * Makes a `Request`.
 *
 * The URL is given to the application exactly as received, as the runtime does; `new Request` would normalise it.
 */
export function requestOf(source: RequestSource): Request {
  return lazyRequest(new Parts(source));
}

/**
 * Makes the `Request` of a handshake. Over HTTP/3 that is a CONNECT (RFC 9220), which is shown as the GET with an upgrade
 * that it would be over HTTP/1.1: applications look for that.
 *
 * @param protocol What the handshake is for.
 */
export function handshakeRequestOf(
  source: RequestSource,
  protocol: "websocket" | "webtransport",
): Request {
  const { request } = source;
  if (request.method !== "CONNECT") return requestOf(source);
  const { scheme, authority, target, httpVersion, fields } = request;
  return requestOf({
    request: {
      method: "GET",
      scheme,
      authority,
      target,
      httpVersion,
      fields: [...fields, ["connection", "Upgrade"], ["upgrade", protocol]],
    },
    get signal() {
      return source.signal;
    },
  });
}

class Parts implements RequestParts {
  readonly method: string;
  readonly #source: RequestSource;
  #url: string | undefined;

  constructor(source: RequestSource) {
    this.method = source.request.method;
    this.#source = source;
  }

  get url(): string {
    if (this.#url === undefined) {
      const { scheme, authority, target } = this.#source.request;
      this.#url = `${scheme}://${authority || "localhost"}${target}`;
    }
    return this.#url;
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  build(): Request {
    const headers = this.#source.request.fields as [string, string][];
    return new Request(this.url, { headers, signal: this.signal, ...contentOf(this.#source) });
  }
}

function contentOf(source: RequestSource): RequestInit {
  const { method, fields } = source.request;
  const { read } = source;
  const name = method.toUpperCase(); // `new Request` compares without case
  const withoutContent = name === "GET" || name === "HEAD" || FORBIDDEN.has(name);
  if (read === undefined || (withoutContent && !announcesContent(fields))) {
    return { method: FORBIDDEN.has(name) ? "GET" : method };
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await read.call(source);
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
  // A method that may not have content in the Fetch Standard still shows its own name.
  return { method: withoutContent ? "POST" : method, body, duplex: "half" } as RequestInit;
}

function announcesContent(fields: FieldList): boolean {
  return fields.some(([name, value]) =>
    (name === "content-length" && value !== "0") || name === "transfer-encoding"
  );
}

/** What `info` is made from: an exchange, or a handshake, which has less of it. */
type InfoSource =
  & { readonly peer: PeerInfo; readonly request: RequestHead }
  & Partial<Pick<Exchange, "supports" | "inform" | "trailers">>;

/** `info` over an exchange. */
export class ExchangeInfo implements FetchInfo {
  readonly #exchange: InfoSource;
  #completed: PromiseWithResolvers<void> | undefined;
  #outcome: { readonly error?: unknown } | undefined;
  #trailers: (() => HeadersInit) | undefined;

  constructor(exchange: InfoSource) {
    this.#exchange = exchange;
  }

  get httpVersion(): HttpVersion {
    return this.#exchange.request.httpVersion;
  }

  get remoteAddr(): SocketAddr {
    return this.#socketAddr(this.#exchange.peer.client);
  }

  get localAddr(): SocketAddr {
    return this.#socketAddr(this.#exchange.peer.server);
  }

  get serverName(): string | null | undefined {
    return this.#exchange.peer.tls?.serverName;
  }

  get completed(): Promise<void> {
    if (this.#completed === undefined) {
      this.#completed = Promise.withResolvers();
      this.#completed.promise.catch(() => {}); // nobody has to look at it
      if (this.#outcome) this.#settle(this.#outcome);
    }
    return this.#completed.promise;
  }

  /** The exchange is over: `error` says why it failed. */
  complete(outcome: { readonly error?: unknown } = {}): void {
    this.#outcome = outcome;
    this.#settle(outcome);
  }

  /** The handler failed. A handshake that it could not accept is complete for all that: the driver answers it. */
  fail(error: unknown): void {
    this.complete(error instanceof HandshakeError ? {} : { error });
  }

  informational(status: number, headers: HeadersInit): boolean {
    if (!this.#exchange.supports?.informational) return false;
    // A disconnect shows in the final response; an interim one is only ever a hint.
    this.#exchange.inform?.({ status, fields: [...new Headers(headers)] }).catch(() => {});
    return true;
  }

  trailers(fields: HeadersInit | (() => HeadersInit)): boolean {
    if (!this.#exchange.supports?.trailers) return false;
    this.#trailers = typeof fields === "function" ? fields : () => fields;
    return true;
  }

  async requestTrailers(): Promise<Headers | null> {
    const fields = await this.#exchange.trailers?.();
    return fields ? new Headers(fields as [string, string][]) : null;
  }

  /** The trailer section to end with, if the application asked for one. */
  takeTrailers(): FieldList | undefined {
    return this.#trailers && [...new Headers(this.#trailers())];
  }

  #settle(outcome: { readonly error?: unknown }): void {
    if ("error" in outcome) this.#completed?.reject(outcome.error);
    else this.#completed?.resolve();
  }

  #socketAddr(address: NetAddress | null): SocketAddr {
    if (address === null) return { transport: "unix", path: "" };
    return { transport: this.httpVersion === "3" ? "udp" : "tcp", ...address };
  }
}
