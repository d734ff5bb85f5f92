/**
 * The port: what HTTP/3 needs of QUIC (RFC 9000), and nothing else.
 *
 * `deno.ts` implements it on Deno's unstable API, `tests/_support/fake_quic.ts` in memory. Whatever a transport cannot
 * do is missing here on purpose: nobody can send RESET_STREAM, and STOP_SENDING has no code of our choice.
 *
 * Rules that hold for every implementation:
 *
 * - Nothing rejects unless its comment says so, and then only with the errors of this file. A write or finish that
 *   nobody waits for may reject; that is no unhandled rejection.
 * - Streams live as long as the connection holds them; no finalizer ever ends one.
 * - Both halves of a bidirectional stream are ended by whoever took it: `stop` or read to the end, and `finish` or
 *   `abandon`.
 *
 * @module
 */

import type { PeerInfo } from "../exchange.ts";

/** Stream id as on the wire: the two low bits are initiator and direction (RFC 9000 §2.1). */
export type StreamId = number;

/** A stream's receiving half. */
export interface QuicReceiveStream {
  /** Stream id. */
  readonly id: StreamId;
  /**
   * Next bytes, in order, never empty, and the caller's to keep; `null` after FIN, after `stop()` and once the
   * connection was closed from our side. One read at a time.
   *
   * @throws {StreamResetError} When the peer reset the stream.
   * @throws {ConnectionLostError} When the connection ended without us.
   */
  read(): Promise<Uint8Array | null>;
  /** Asks the peer to stop (STOP_SENDING) and drops what comes; a pending read settles. Idempotent. */
  stop(): void;
}

/** A stream's sending half. */
export interface QuicSendStream {
  /** Stream id. */
  readonly id: StreamId;
  /**
   * Sends bytes, which belong to the transport from then on; settles when it took them, and so is the back-pressure.
   * Calls may follow each other without waiting; order is kept.
   *
   * @throws {StreamStoppedError} When the peer does not want more.
   * @throws {ConnectionLostError} When the connection is over.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends FIN after everything written. Idempotent. Rejects like `write`. */
  finish(): Promise<void>;
  /**
   * Gives the stream up without FIN: it stays open, held by the connection, until that ends. So a truncated message
   * never looks complete. Idempotent.
   */
  abandon(): void;
  /** Priority among the streams of a connection that have something to send; larger goes first. Default 0. */
  setSendOrder(order: number): void;
}

/** A stream in both directions. */
export interface QuicBidirectionalStream {
  /** Stream id, the same for both halves. */
  readonly id: StreamId;
  /** From the client. */
  readonly receive: QuicReceiveStream;
  /** To the client. */
  readonly send: QuicSendStream;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** Who ended it; `"transport"` is a time-out or a transport error. */
  readonly by: "us" | "peer" | "transport";
  /** Application error code, 0 where there is none. */
  readonly code: number;
  /** What was said about it, for the log. */
  readonly reason: string;
}

/** A connection whose handshake is done. */
export interface QuicConnection {
  /** Addresses of both ends. */
  readonly peer: PeerInfo;
  /** Server name the client asked for (SNI); `null` when it gave none. */
  readonly serverName: string | null;
  /** Settles when the connection is over. Never rejects. */
  readonly closed: Promise<ConnectionEnd>;
  /**
   * Opens a unidirectional stream, waiting for the peer's credit.
   *
   * @throws {ConnectionLostError} When the connection is over.
   */
  openUnidirectional(): Promise<QuicSendStream>;
  /**
   * Opens a bidirectional stream, waiting for the peer's credit. The peer learns of it with the first bytes written.
   *
   * @throws {ConnectionLostError} When the connection is over.
   */
  openBidirectional(): Promise<QuicBidirectionalStream>;
  /** Next unidirectional stream of the peer; `null` when the connection is over. One call at a time. */
  acceptUnidirectional(): Promise<QuicReceiveStream | null>;
  /** Next bidirectional stream of the peer; `null` when the connection is over. One call at a time. */
  acceptBidirectional(): Promise<QuicBidirectionalStream | null>;
  /** Largest datagram the peer takes now, in bytes; 0 when it takes none (RFC 9221). */
  readonly maxDatagramSize: number;
  /** Sends a datagram; it may get lost, and is dropped when it is too large. */
  sendDatagram(bytes: Uint8Array): void;
  /** Next datagram of the peer; `null` when the connection is over. One call at a time. */
  readDatagram(): Promise<Uint8Array | null>;
  /** Closes with an application error code; what was not sent is lost. Idempotent. */
  close(code: number, reason: string): void;
}

/** Certificate chain and key, both PEM. */
export interface QuicIdentity {
  /** Certificate chain, the server's own certificate first. */
  readonly cert: string;
  /** Private key, not encrypted. */
  readonly key: string;
}

/** How to listen. */
export interface QuicListenOptions extends QuicIdentity {
  /** Address to bind, an IP address; IPv6 without brackets. */
  readonly hostname: string;
  /** UDP port, 0 for any free one. */
  readonly port: number;
  /** Protocols to offer (RFC 7301), in order of preference. */
  readonly alpnProtocols: readonly string[];
  /** Open bidirectional streams a client may have. */
  readonly maxBidirectionalStreams: number;
  /** Open unidirectional streams a client may have. */
  readonly maxUnidirectionalStreams: number;
  /** Seconds of silence after which a connection is dropped. */
  readonly idleTimeout: number;
  /** Seconds a handshake may take. */
  readonly handshakeTimeout: number;
  /** Connections whose handshake is not done; more are refused. */
  readonly maxHandshakes: number;
  /** Connections, those whose handshake is not done included; more are refused. */
  readonly maxConnections: number;
  /** Connections of one client as `clientKey` tells them apart, counted likewise; more are closed as they come. */
  readonly maxConnectionsPerClient: number;
  /** Told of every connection that did not come to be. A client can cause as many as it likes. */
  readonly onRefused: (refusal: QuicRefusal) => void;
}

/** Why a connection did not come to be. */
export interface QuicRefusal {
  /** A limit was reached, the handshake failed, or the server is stopping. */
  readonly cause: "limit" | "handshake" | "stopping";
  /** Why: with a limit one of few texts, with a handshake perhaps the client's own words. */
  readonly reason: string;
  /** Address and port of the client; `null` where they are not known. */
  readonly client: string | null;
}

/** A bound UDP socket that accepts connections. */
export interface QuicListener {
  /** Where it listens, with the real port. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /** Next connection whose handshake is done; `null` after `close`. One call at a time. */
  accept(): Promise<QuicConnection | null>;
  /**
   * Uses another certificate for new connections; those that are open live on.
   *
   * @throws {ConfigError} When it cannot be used; the one before stays in use.
   */
  setIdentity(identity: QuicIdentity): void;
  /** Refuses new connections from now on; those that are open live on. */
  refuseNew(): void;
  /**
   * Closes what is open and the socket, after giving the last packets a moment. Idempotent. The port may stay taken until
   * the runtime has collected the garbage.
   */
  close(code: number, reason: string): Promise<void>;
}

/** The peer reset a stream (RESET_STREAM). */
export class StreamResetError extends Error {
  override readonly name = "StreamResetError";
  /** Application error code of the peer. */
  readonly code: number;

  /** @param code Application error code of the peer. */
  constructor(code: number, options?: ErrorOptions) {
    super(`The peer reset the stream with code 0x${code.toString(16)}`, options);
    this.code = code;
  }
}

/** The peer does not want more of a stream (STOP_SENDING). */
export class StreamStoppedError extends Error {
  override readonly name = "StreamStoppedError";
  /** Application error code of the peer. */
  readonly code: number;

  /** @param code Application error code of the peer. */
  constructor(code: number, options?: ErrorOptions) {
    super(`The peer stopped the stream with code 0x${code.toString(16)}`, options);
    this.code = code;
  }
}

/** The connection is over. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
}
