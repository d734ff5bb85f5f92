/**
 * The one narrow interface between protocols and applications.
 *
 * Protocol drivers produce exchanges, application adapters (fetch, ASGI, WSGI) consume them,
 * middleware wraps the handlers, and only `server/` composes the two sides. "Exchange" is the RFC
 * word for a request together with its response.
 *
 * Rules that hold for every driver:
 *
 * - Back-pressure is the promise of `write` and the pace of `read`; there is no second channel.
 * - Bytes passed to `write` belong to the driver from then on: do not change them.
 * - After a disconnect `read` and `write` reject with `DisconnectError`, and `signal` has aborted
 *   with the same kind of reason. It aborts at most once; after a complete response only to end an
 *   application that goes on: writing content that nobody gets (HEAD), or at the deadline of a stop.
 * - A call out of order throws `ApplicationError` naming the state ({@link EXCHANGE_CALLS}).
 *
 * @module
 */

import type { Content } from "./content.ts";
import { ApplicationError } from "./errors.ts";
import type { FetchHandler } from "./fetch_types.ts";
import type { FieldList } from "./fields.ts";
import type { Observation } from "./observation.ts";
import type { WebTransportHandler } from "./webtransport_exchange.ts";

/**
 * What calls return that have nothing to wait for. Drivers return this one promise so that adapters can go on
 * at once: `after(exchange.write(chunk), next)`.
 */
export const SETTLED: Promise<void> = Promise.resolve();

/** Runs `next` when `call` has settled, which is now for {@link SETTLED}. Settles when both have. */
export function after(call: Promise<void>, next: () => void | Promise<void>): Promise<void> {
  return call === SETTLED ? next() ?? SETTLED : call.then(next);
}

/** HTTP version of a request as ASGI writes it. */
export type HttpVersion = "1.0" | "1.1" | "2" | "3";

/** Address of one end of a connection. */
export interface NetAddress {
  /** IP address without brackets; IPv4-mapped IPv6 addresses are given as IPv4. */
  readonly hostname: string;
  /** Port, 0..65535. */
  readonly port: number;
}

/** What is known of the TLS session under a connection. */
export interface TlsInfo {
  /** TLS version as in the protocol: 0x0304 for TLS 1.3. */
  readonly version: number;
  /** Name the client asked for (SNI, RFC 6066 §3); `null` when it gave none. */
  readonly serverName: string | null;
}

/** What is known of the two ends of the connection. */
export interface PeerInfo {
  /** The client, or `null` on a Unix socket. */
  readonly client: NetAddress | null;
  /** Our end, or `null` on a Unix socket. */
  readonly server: NetAddress | null;
  /** The TLS session; absent without one, and where the driver cannot tell. */
  readonly tls?: TlsInfo;
}

/** The request without its content (RFC 9110 §6.2 control data and header section). */
export interface RequestHead {
  /** Method in the case the client used, usually upper-case. */
  readonly method: string;
  /** Scheme of the bind the request came in on, never taken from the client. */
  readonly scheme: "http" | "https";
  /** Value of Host or `:authority`; `""` when absent. */
  readonly authority: string;
  /** Path and query as received, neither decoded nor normalised, e.g. `"/a%20b?x=1"`. */
  readonly target: string;
  /** Version of the connection as far as the driver can tell it. */
  readonly httpVersion: HttpVersion;
  /** Header section: lower-case names, latin-1 values, `host` first where the version has none. */
  readonly fields: FieldList;
}

/** The final response without its content. */
export interface ResponseHead {
  /** 200..599; 1xx goes through `inform`, 101 through `WebSocketExchange.accept`. */
  readonly status: number;
  /** Header section; `date`, `server` and `alt-svc` are added by the driver unless present. */
  readonly fields: FieldList;
}

/** An interim response (RFC 9110 §15.2). */
export interface InformationalHead {
  /** 102..199, usually 103. */
  readonly status: number;
  /** Header section of the interim response. */
  readonly fields: FieldList;
}

/** What the protocol under an exchange can carry; adapters advertise extensions from it. */
export interface ExchangeSupport {
  /** `inform()` reaches the client. */
  readonly informational: boolean;
  /** `end(trailers)` reaches the client; otherwise it ends the response without them. */
  readonly trailers: boolean;
  /** `sendFile()` works. */
  readonly sendFile: boolean;
}

/** The final-response half of an exchange, also used to deny a WebSocket handshake. */
export interface ResponseWriter {
  /** Starts the final response, once. The driver may hold the head until the first content, or for a moment. */
  respond(head: ResponseHead): Promise<void>;
  /** Sends content, text as UTF-8; settles when the transport wants more. */
  write(chunk: Content): Promise<void>;
  /** Completes the response. Rejects when `content-length` promised other than what was written. */
  end(trailers?: FieldList): Promise<void>;
  /** Gives up: nothing sent yet means a 500, otherwise the response is broken off so that the client notices. */
  abort(error: Error): void;
}

/** One HTTP request with its response. */
export interface Exchange extends ResponseWriter {
  /** The request head. */
  readonly request: RequestHead;
  /** Addresses. */
  readonly peer: PeerInfo;
  /** What the protocol can carry. */
  readonly supports: ExchangeSupport;
  /** Who measures this request; middleware that knows the real client tells it. Absent when nobody does. */
  readonly observation?: Observation | undefined;
  /** Aborts once when the client leaves early; the reason is a `DisconnectError`. */
  readonly signal: AbortSignal;
  /** Next piece of request content, never empty; `null` at its end. Rejects with `DisconnectError` when the client left. */
  read(): Promise<Uint8Array | null>;
  /** Request trailers, after the content; `null` if there were none or the driver cannot tell. */
  trailers(): Promise<FieldList | null>;
  /** Sends an interim response before `respond()`. Throws `ApplicationError` unless `supports.informational`. */
  inform(head: InformationalHead): Promise<void>;
  /** Sends a file as the whole content and ends. Throws `ApplicationError` unless `supports.sendFile`. */
  sendFile(path: string): Promise<void>;
}

/** Handles one exchange; a rejection or an early return is turned into a 500 or a broken response by the adapter's caller. */
export type ExchangeHandler = (exchange: Exchange) => Promise<void>;

/** What `WebSocketExchange.receive` yields. */
export type WebSocketEvent =
  | { readonly type: "message"; readonly data: string | Uint8Array }
  | { readonly type: "close"; readonly code: number; readonly reason: string };

/** How to accept a WebSocket handshake. */
export interface AcceptOptions {
  /** Chosen subprotocol; must be one the client offered. */
  readonly subprotocol?: string;
  /** Further fields of the response that accepts: 101, or 200 where WebSockets come by CONNECT (RFC 8441 §5). */
  readonly fields?: FieldList;
  /**
   * Seconds of silence after which the client is given up, with a ping at half of it; `0` for any time. Default: as
   * configured.
   */
  readonly idleTimeout?: number;
}

/**
 * One WebSocket, from handshake to close (RFC 6455). Before `accept` the `ResponseWriter` half denies
 * the handshake with an ordinary response.
 */
export interface WebSocketExchange extends ResponseWriter {
  /** The handshake request. */
  readonly request: RequestHead;
  /** Addresses. */
  readonly peer: PeerInfo;
  /** As in {@link Exchange.observation}. */
  readonly observation?: Observation | undefined;
  /** Aborts once when the client leaves before the handshake was answered. */
  readonly signal: AbortSignal;
  /** Subprotocols the client offered, in its order. */
  readonly subprotocols: readonly string[];
  /** Bytes that were sent and wait for the client; absent where the driver cannot tell. */
  readonly buffered?: number | undefined;
  /** Extensions in use, as `sec-websocket-extensions` names them; absent or `""` for none, and before the accept. */
  readonly extensions?: string | undefined;
  /**
   * Whether this end has begun to close: nothing can be sent any more, and the close event follows once the client has
   * answered. Absent where the driver cannot tell.
   */
  readonly closing?: boolean | undefined;
  /** Accepts the handshake. Throws `ApplicationError` for a subprotocol that was not offered or a bad field. */
  accept(options?: AcceptOptions): Promise<void>;
  /** Next message, or the close event (repeated for ever after). */
  receive(): Promise<WebSocketEvent>;
  /** Sends a text (string) or binary message; waits while too much is buffered. Rejects with `DisconnectError` after the close. */
  send(data: string | Uint8Array): Promise<void>;
  /** Starts the close handshake; a second call does nothing. Default code 1000. */
  close(code?: number, reason?: string): Promise<void>;
}

/** Handles one WebSocket. */
export type WebSocketHandler = (exchange: WebSocketExchange) => Promise<void>;

/** An application of any form, normalised: what drivers call and middleware wraps. */
export interface Application {
  /** Handles a request. */
  readonly http: ExchangeHandler;
  /** Handles a WebSocket handshake. */
  readonly websocket: WebSocketHandler;
  /** Handles the handshake of a WebTransport session; where it is absent there are none, and they get 501. */
  readonly webtransport?: WebTransportHandler;
  /** Runs before any listener is opened; a rejection stops the start. */
  startup?(): Promise<void>;
  /** Runs after all connections are done. */
  shutdown?(): Promise<void>;
  /**
   * The documented short cut: a fetch handler that may be given the runtime's own `Request` and whose
   * `Response` may be returned untouched. Middleware that wraps `http` must leave it out.
   */
  readonly fetch?: FetchHandler;
}

/** States of the response half of an exchange. */
export type ResponseState = "initial" | "responding" | "ended" | "aborted";

/** Calls that the table judges. */
export type ResponseCall = "inform" | "respond" | "write" | "end" | "sendFile" | "abort";

/**
 * Legal order of calls on an exchange: `[state][call]` is the next state, absent means refused.
 *
 * One `respond`, any number of `write`, one `end` (or `sendFile` for both); interim responses only
 * before; `abort` at any time, without effect once the response is over. RFC 9110 §15 gives the
 * order on the wire.
 */
export const EXCHANGE_CALLS: Readonly<
  Record<ResponseState, Readonly<Partial<Record<ResponseCall, ResponseState>>>>
> = {
  initial: { inform: "initial", respond: "responding", abort: "aborted" },
  responding: { write: "responding", end: "ended", sendFile: "ended", abort: "aborted" },
  ended: { abort: "ended" },
  aborted: { abort: "aborted" },
};

/**
 * Looks one call up in {@link EXCHANGE_CALLS}.
 *
 * @throws {ApplicationError} When the call is not legal in `state`; the message names both.
 */
export function nextState(state: ResponseState, call: ResponseCall): ResponseState {
  const next = EXCHANGE_CALLS[state][call];
  if (next === undefined) {
    throw new ApplicationError(`Cannot call ${call}(): the exchange is in state "${state}"`);
  }
  return next;
}

/** States of a WebSocket exchange. */
export type WebSocketState = "handshake" | "denying" | "open" | "closing" | "closed";

/** Calls that the WebSocket table judges. */
export type WebSocketCall =
  | "accept"
  | "respond"
  | "write"
  | "end"
  | "receive"
  | "send"
  | "close"
  | "abort";

/** Legal order of calls on a WebSocket exchange; read like {@link EXCHANGE_CALLS}. RFC 6455 §4.2.2, §7.1. */
export const WEBSOCKET_CALLS: Readonly<
  Record<WebSocketState, Readonly<Partial<Record<WebSocketCall, WebSocketState>>>>
> = {
  handshake: { accept: "open", respond: "denying", abort: "closed" },
  denying: { write: "denying", end: "closed", abort: "closed" },
  open: { receive: "open", send: "open", close: "closing", abort: "closed" },
  closing: { receive: "closing", close: "closing", abort: "closed" },
  closed: { receive: "closed", close: "closed", abort: "closed" },
};

/**
 * Looks one call up in {@link WEBSOCKET_CALLS}.
 *
 * @throws {ApplicationError} When the call is not legal in `state`; the message names both.
 */
export function nextWebSocketState(state: WebSocketState, call: WebSocketCall): WebSocketState {
  const next = WEBSOCKET_CALLS[state][call];
  if (next === undefined) {
    throw new ApplicationError(`Cannot call ${call}(): the WebSocket is in state "${state}"`);
  }
  return next;
}
