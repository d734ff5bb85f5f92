/**
 * WebTransport between protocol and application: a handshake, and the session it leads to.
 *
 * As everywhere between the two sides, back-pressure is the promise of `write` and the pace of `read`. What the client
 * sends and nobody reads waits in the transport, except datagrams: of those the newest are kept.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3 | WebTransport over HTTP/3}
 * @module
 */

import type { PeerInfo, RequestHead, ResponseWriter } from "./exchange.ts";
import type { FieldList } from "./fields.ts";
import type { Observation } from "./observation.ts";

/** A stream of a session that the client ended early: it reset what it sends, or stopped what it is sent. */
export class WebTransportStreamError extends Error {
  /** The name of this class. */
  override readonly name = "WebTransportStreamError";
  /** Code of the client's application, 0..2^32-1; `null` when it gave none. */
  readonly code: number | null;

  /**
   * Builds the error.
   *
   * @param message What happened.
   * @param code Code of the client's application, `null` for none.
   */
  constructor(message: string, code: number | null, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Receiving half of a stream. */
export interface WebTransportReceiveStream {
  /** Id of the QUIC stream, the same for both halves. */
  readonly id: number;
  /**
   * Next bytes, in order, never empty, the caller's to keep; `null` at the end and after `stop()`. One call at a time.
   *
   * @throws {WebTransportStreamError} When the client reset the stream.
   * @throws {DisconnectError} When the session is over.
   */
  read(): Promise<Uint8Array | null>;
  /** Asks the client to stop, and drops what comes. Idempotent. */
  stop(): void;
}

/** Sending half of a stream. */
export interface WebTransportSendStream {
  /** Id of the QUIC stream, the same for both halves. */
  readonly id: number;
  /**
   * Sends bytes, which belong to the driver from then on; settles when the transport wants more.
   *
   * @throws {WebTransportStreamError} When the client does not want more of this stream.
   * @throws {DisconnectError} When the session is over.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the stream after everything written. Idempotent. Rejects like `write`. */
  end(): Promise<void>;
  /** Gives the stream up without its end, so that what was sent never looks complete. Idempotent. */
  abort(): void;
  /** Priority among the streams of the connection that have something to send; larger goes first. Default 0. */
  setSendOrder(order: number): void;
}

/** A stream in both directions. */
export interface WebTransportBidirectionalStream {
  /** Id of the QUIC stream, the same for both halves. */
  readonly id: number;
  /** From the client. */
  readonly receive: WebTransportReceiveStream;
  /** To the client. */
  readonly send: WebTransportSendStream;
}

/** How a session ended. */
export interface WebTransportEnd {
  /** Application's code of who closed it, 0..2^32-1. */
  readonly code: number;
  /** Reason of who closed it, at most 1024 bytes of UTF-8. */
  readonly reason: string;
  /** Whether one side closed it; `false` when the connection was lost or a rule was broken. */
  readonly clean: boolean;
}

/** An accepted session. Streams and datagrams of it may have come already. */
export interface WebTransportSession {
  /** Settles when the session is over. Never rejects. */
  readonly closed: Promise<WebTransportEnd>;
  /** Settles when the session should come to its end soon: the client said so, or this server stops. May never settle. */
  readonly draining: Promise<void>;
  /** Next stream in both directions that the client opened; `null` when the session is over. One call at a time. */
  acceptBidirectional(): Promise<WebTransportBidirectionalStream | null>;
  /** Next stream in one direction that the client opened; `null` when the session is over. One call at a time. */
  acceptUnidirectional(): Promise<WebTransportReceiveStream | null>;
  /** Opens a stream in both directions, waiting for the client's leave. @throws {DisconnectError} When the session is over. */
  openBidirectional(): Promise<WebTransportBidirectionalStream>;
  /** Opens a stream to the client, waiting for its leave. @throws {DisconnectError} When the session is over. */
  openUnidirectional(): Promise<WebTransportSendStream>;
  /** Next datagram, the caller's to keep; `null` when the session is over. One call at a time. */
  readDatagram(): Promise<Uint8Array | null>;
  /** Sends a datagram; it may get lost, and is dropped when it is too large or the session is over. */
  sendDatagram(bytes: Uint8Array): void;
  /** Bytes of the largest datagram that can be sent now. */
  readonly maxDatagramSize: number;
  /** Datagrams of the client that were dropped because nobody read them in time. */
  readonly droppedDatagrams: number;
  /** Asks the client to come to an end; the session goes on. */
  drain(): void;
  /**
   * Closes the session, which ends all its streams. A second call does nothing.
   *
   * @param code Code for the client's application, 0..2^32-1. Default 0.
   * @param reason Text for it; cut to 1024 bytes of UTF-8. Default `""`.
   * @throws {ApplicationError} For any other code.
   */
  close(code?: number, reason?: string): void;
}

/** How to accept a session. */
export interface WebTransportAcceptOptions {
  /** Chosen application protocol; must be one that the client offered. */
  readonly protocol?: string;
  /** Further fields of the response that accepts. */
  readonly fields?: FieldList;
}

/** The handshake of a session. Before `accept` the `ResponseWriter` half denies it with an ordinary response. */
export interface WebTransportExchange extends ResponseWriter {
  /** The handshake request, an extended CONNECT. */
  readonly request: RequestHead;
  /** Addresses. */
  readonly peer: PeerInfo;
  /** As in `Exchange.observation`. */
  readonly observation?: Observation | undefined;
  /** Aborts once when the client leaves before the handshake was answered. */
  readonly signal: AbortSignal;
  /** Application protocols the client offered, in its order. */
  readonly protocols: readonly string[];
  /**
   * Accepts the handshake. Once.
   *
   * @throws {ApplicationError} For a protocol that was not offered, a bad field, or a call out of order.
   * @throws {HandshakeError} When the server is stopping; an application may let it pass, as the answer is 503 then.
   * @throws {DisconnectError} When the client has left.
   */
  accept(options?: WebTransportAcceptOptions): Promise<WebTransportSession>;
}

/** Handles one session. When it returns the session is closed, with code 0 unless it was before. */
export type WebTransportHandler = (exchange: WebTransportExchange) => Promise<void>;
