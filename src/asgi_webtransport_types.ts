/**
 * WebTransport for ASGI applications, an extension of ASGI by this server.
 *
 * @module
 */

import type { ASGITLSExtension } from "./asgi_tls.ts";
import type { ASGIHeaders, ASGIRequestScope } from "./asgi_types.ts";

/** What a stream is called: a number where the client opened it, a name where the application did. */
export type ASGIStreamKey = number | string;

/**
 * Scope of one WebTransport session: an extension of ASGI by this server, `asgi.spec_version` `"1.0"`.
 *
 * It goes on from that of aioquic's example server, whose messages keep their names and keys. A session begins as a
 * WebSocket does: the application receives `webtransport.connect` and answers with `webtransport.accept`, or denies it with
 * `webtransport.close` or a response. Then streams come and go in both directions, and datagrams beside them. Streams of
 * the client are called by their numbers; those that the application opens have the names it gives them, so that it can
 * send on them at once.
 *
 * | Received                        | Keys                          | What happened                                  |
 * | ------------------------------- | ----------------------------- | ---------------------------------------------- |
 * | `webtransport.connect`          |                               | a handshake; the first event                   |
 * | `webtransport.stream.open`      | `stream`, `unidirectional`    | the client opened a stream                     |
 * | `webtransport.stream.receive`   | `stream`, `data`, `more_data` | a piece of a stream, or its end                |
 * | `webtransport.stream.reset`     | `stream`, `code`              | the client gave up what it sends on a stream   |
 * | `webtransport.stream.stop`      | `stream`, `code`              | the client wants no more on a stream           |
 * | `webtransport.datagram.receive` | `data`                        | a datagram                                     |
 * | `webtransport.drain`            |                               | the session should come to its end soon        |
 * | `webtransport.disconnect`       | `code`, `reason`              | the session is over; the last event            |
 *
 * | Sent                               | Keys                            | What it does                             |
 * | ---------------------------------- | ------------------------------- | ---------------------------------------- |
 * | `webtransport.accept`              | `protocol`?, `headers`?         | accepts the handshake                    |
 * | `webtransport.stream.open`         | `stream`, `unidirectional`?     | opens a stream and names it              |
 * | `webtransport.stream.send`         | `stream`, `data`?, `more_data`? | sends a piece, and the end               |
 * | `webtransport.stream.reset`        | `stream`                        | gives up what was sent on a stream       |
 * | `webtransport.stream.stop`         | `stream`                        | wants no more from a stream              |
 * | `webtransport.datagram.send`       | `data`                          | sends a datagram                         |
 * | `webtransport.drain`               |                                 | asks the client to come to an end        |
 * | `webtransport.close`               | `code`?, `reason`?              | closes; before the accept it denies: 403 |
 * | `webtransport.http.response.start` | `status`, `headers`?            | denies the handshake with a response     |
 * | `webtransport.http.response.body`  | `body`?, `more_body`?           | content of that response                 |
 *
 * Of each stream one piece at most waits for `receive()`, the rest with the client; of datagrams the newest 256.
 * `send()` settles when the transport wants more. When the application returns, the session is closed with code 0. One
 * that throws or returns before its first message does not know the scope: the client gets 501.
 *
 * @example
 * ```ts
 * import { type ASGIFramework, serve } from "jsr:@x/hypercorn";
 *
 * const app: ASGIFramework = async (scope, receive, send) => {
 *   if (scope.type !== "webtransport") return;
 *   await receive(); // webtransport.connect
 *   await send({ type: "webtransport.accept" });
 *   for (;;) {
 *     const event = await receive();
 *     if (event.type === "webtransport.disconnect") return;
 *     if (event.type === "webtransport.datagram.receive") {
 *       await send({ type: "webtransport.datagram.send", data: event.data });
 *     }
 *   }
 * };
 * await serve(app, { quicBind: "localhost:4433", certfile: "cert.pem", keyfile: "key.pem" });
 * ```
 */
export interface ASGIWebTransportScope extends ASGIRequestScope {
  /** Discriminator. */
  type: "webtransport";
  /** `"https"`, unless a trusted proxy says otherwise. */
  scheme: "http" | "https";
  /** Application protocols the client offered, in its order. */
  protocols: string[];
  /** Optional features; `webtransport.http.response` is always offered. */
  extensions: {
    /** A handshake can be denied with any response. */
    "webtransport.http.response": Record<string, never>;
    /** The TLS session. */
    tls?: ASGITLSExtension;
  };
}

/** First event of a session. */
export interface WebTransportConnectEvent {
  /** Discriminator. */
  type: "webtransport.connect";
}

/** The client opened a stream. What it sends on it comes after this. */
export interface WebTransportStreamOpenedEvent {
  /** Discriminator. */
  type: "webtransport.stream.open";
  /** Number of the stream. */
  stream: number;
  /** Whether only the client sends on it. */
  unidirectional: boolean;
}

/** A piece of what the client sends on a stream, or its end. */
export interface WebTransportStreamReceiveEvent {
  /** Discriminator. */
  type: "webtransport.stream.receive";
  /** The stream. */
  stream: ASGIStreamKey;
  /** Next piece; the end is always a separate empty one. */
  data: Uint8Array;
  /** `false` at the end. */
  more_data: boolean;
}

/** The client gave up what it sends on a stream: nothing more comes, and what came is not all. */
export interface WebTransportStreamWasResetEvent {
  /** Discriminator. */
  type: "webtransport.stream.reset";
  /** The stream. */
  stream: ASGIStreamKey;
  /** Code of the client's application, 0..2^32-1, or `null`. */
  code: number | null;
}

/**
 * The client wants no more on a stream, which shows when something is sent. What is sent on it from then on is ignored;
 * an application that does not notice is told after 100 messages, by a {@link WebTransportStreamError}.
 */
export interface WebTransportStreamWasStoppedEvent {
  /** Discriminator. */
  type: "webtransport.stream.stop";
  /** The stream. */
  stream: ASGIStreamKey;
  /** Code of the client's application, 0..2^32-1, or `null`. */
  code: number | null;
}

/** A datagram came. */
export interface WebTransportDatagramReceiveEvent {
  /** Discriminator. */
  type: "webtransport.datagram.receive";
  /** Its content, which may be empty. */
  data: Uint8Array;
}

/** The session should come to its end soon: the client said so, or this server stops. Given once at most. */
export interface WebTransportDrainingEvent {
  /** Discriminator. */
  type: "webtransport.drain";
}

/** The session is over; given exactly once, then `receive()` waits for ever. */
export interface WebTransportDisconnectEvent {
  /** Discriminator. */
  type: "webtransport.disconnect";
  /** Code of who closed it; `null` when it was lost or never accepted. */
  code: number | null;
  /** Reason of who closed it, may be empty. */
  reason: string;
}

/** What `receive()` yields of a session. */
export type WebTransportReceiveEvent =
  | WebTransportConnectEvent
  | WebTransportStreamOpenedEvent
  | WebTransportStreamReceiveEvent
  | WebTransportStreamWasResetEvent
  | WebTransportStreamWasStoppedEvent
  | WebTransportDatagramReceiveEvent
  | WebTransportDrainingEvent
  | WebTransportDisconnectEvent;

/** Accepts the handshake. */
export interface WebTransportAcceptEvent {
  /** Discriminator. */
  type: "webtransport.accept";
  /** One of `scope.protocols`, or none. */
  protocol?: string | null;
  /** Further fields of the response. */
  headers?: ASGIHeaders;
}

/** Opens a stream; `send()` settles when the client has given leave. */
export interface WebTransportStreamOpenEvent {
  /** Discriminator. */
  type: "webtransport.stream.open";
  /** Its name, not empty. It can be used again once both sides have ended the stream. */
  stream: string;
  /** Whether only the application sends on it. Default `false`. */
  unidirectional?: boolean;
}

/** Sends on a stream. */
export interface WebTransportStreamSendEvent {
  /** Discriminator. */
  type: "webtransport.stream.send";
  /** The stream. */
  stream: ASGIStreamKey;
  /** Next piece; a string is UTF-8 encoded; default empty. The bytes belong to the server from then on. */
  data?: Uint8Array | string;
  /** `false` ends the stream after `data`. Default `true`, other than in the messages of ASGI itself. */
  more_data?: boolean;
}

/** Gives up what was sent on a stream, so that the client does not take it for all. It is told no code. */
export interface WebTransportStreamResetEvent {
  /** Discriminator. */
  type: "webtransport.stream.reset";
  /** The stream. */
  stream: ASGIStreamKey;
}

/** Asks the client to send no more on a stream; nothing of it is received from then on. */
export interface WebTransportStreamStopEvent {
  /** Discriminator. */
  type: "webtransport.stream.stop";
  /** The stream. */
  stream: ASGIStreamKey;
}

/** Sends a datagram; it may get lost, and is dropped when it is too large for the path. */
export interface WebTransportDatagramSendEvent {
  /** Discriminator. */
  type: "webtransport.datagram.send";
  /** Its content; a string is UTF-8 encoded. */
  data: Uint8Array | string;
}

/** Asks the client to bring the session to its end, which goes on. */
export interface WebTransportDrainEvent {
  /** Discriminator. */
  type: "webtransport.drain";
}

/** Closes the session with all its streams; before the accept it answers the handshake with 403. */
export interface WebTransportCloseEvent {
  /** Discriminator. */
  type: "webtransport.close";
  /** Code for the client's application, 0..2^32-1; default 0. */
  code?: number;
  /** Text for it, cut to 1024 bytes of UTF-8; default empty. */
  reason?: string | null;
}

/** Starts a denial response. */
export interface WebTransportResponseStartEvent {
  /** Discriminator. */
  type: "webtransport.http.response.start";
  /** 300..599, for a success would accept. */
  status: number;
  /** Header section; default empty. */
  headers?: ASGIHeaders;
}

/** Content of a denial response. */
export interface WebTransportResponseBodyEvent {
  /** Discriminator. */
  type: "webtransport.http.response.body";
  /** Content; default empty. */
  body?: Uint8Array | string;
  /** `true` when more follows; default `false`. */
  more_body?: boolean;
}

/** What `send()` accepts of a session. */
export type WebTransportSendEvent =
  | WebTransportAcceptEvent
  | WebTransportStreamOpenEvent
  | WebTransportStreamSendEvent
  | WebTransportStreamResetEvent
  | WebTransportStreamStopEvent
  | WebTransportDatagramSendEvent
  | WebTransportDrainEvent
  | WebTransportCloseEvent
  | WebTransportResponseStartEvent
  | WebTransportResponseBodyEvent;
