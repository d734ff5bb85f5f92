/**
 * A connection on Deno's QUIC API.
 *
 * @module
 */

import type { NetAddress, PeerInfo } from "../exchange.ts";
import { connectionLost, messageOf } from "./deno_errors.ts";
import { Slots } from "./slots.ts";
import type {
  ConnectionEnd,
  QuicBidirectionalStream,
  QuicConnection,
  QuicReceiveStream,
  QuicSendStream,
  StreamId,
} from "./transport.ts";

/** How the halves of streams are read and written: `deno_resources.ts` or `deno_streams.ts`. */
export interface Backend {
  /** Which it is. */
  readonly name: BackendName;
  /** Takes a receiving half over. */
  receive(stream: Deno.QuicReceiveStream, owner: HalfOwner): QuicReceiveStream;
  /** Takes a sending half over; `id` where it is known, for asking costs a call into the runtime. */
  send(stream: Deno.QuicSendStream, owner: HalfOwner, id?: StreamId): QuicSendStream;
}

/** The public web streams, or the runtime's resources by their id. */
export type BackendName = "streams" | "resources";

/** What a half needs of its connection. */
export interface HalfOwner {
  /** Whether our side closed the connection. */
  readonly closedByUs: boolean;
  /**
   * Halves that are not over: put in at first, taken out in the end. The runtime's finalizers send FIN and STOP_SENDING,
   * so a half that nobody held would end by itself.
   */
  readonly halves: Slots<QuicReceiveStream | QuicSendStream>;
}

/** A connection whose handshake is done. Whoever has the instance has to hold it until `closed`. */
export class DenoQuicConnection implements QuicConnection, HalfOwner {
  /** Addresses when the handshake was done. */
  readonly peer: PeerInfo;
  /** SNI. */
  readonly serverName: string | null;
  /** How it ended. */
  readonly closed: Promise<ConnectionEnd>;
  /** Halves of streams that are not over, the abandoned ones among them. */
  readonly halves: Slots<QuicReceiveStream | QuicSendStream> = new Slots();
  readonly #connection: Deno.QuicConn;
  readonly #backend: Backend;
  readonly #bidirectional: ReadableStreamDefaultReader<Deno.QuicBidirectionalStream>;
  readonly #unidirectional: ReadableStreamDefaultReader<Deno.QuicReceiveStream>;
  #closing: ConnectionEnd | null = null;

  /**
   * Takes over a connection whose handshake is done.
   *
   * @param server Our address; the runtime tells that of the socket only.
   */
  constructor(connection: Deno.QuicConn, backend: Backend, server: NetAddress) {
    const { hostname, port } = connection.remoteAddr;
    this.peer = { client: { hostname, port }, server };
    this.serverName = connection.serverName ?? null;
    this.#connection = connection;
    this.#backend = backend;
    this.#bidirectional = connection.incomingBidirectionalStreams.getReader();
    this.#unidirectional = connection.incomingUnidirectionalStreams.getReader();
    this.closed = this.#untilClosed();
  }

  /** Whether `close` was called. */
  get closedByUs(): boolean {
    return this.#closing !== null;
  }

  /** Largest datagram the peer takes. */
  get maxDatagramSize(): number {
    return this.#connection.maxDatagramSize;
  }

  /** Opens a unidirectional stream. */
  async openUnidirectional(): Promise<QuicSendStream> {
    try {
      const stream = await this.#connection.createUnidirectionalStream({
        waitUntilAvailable: true,
      });
      return this.#backend.send(stream, this);
    } catch (error) {
      throw connectionLost(error);
    }
  }

  /** Opens a bidirectional stream. */
  async openBidirectional(): Promise<QuicBidirectionalStream> {
    try {
      return this.#take(
        await this.#connection.createBidirectionalStream({ waitUntilAvailable: true }),
      );
    } catch (error) {
      throw connectionLost(error);
    }
  }

  /** Next unidirectional stream of the peer. */
  async acceptUnidirectional(): Promise<QuicReceiveStream | null> {
    try {
      const { value } = await this.#unidirectional.read();
      return value === undefined ? null : this.#backend.receive(value, this);
    } catch {
      return null; // a time-out or a transport error; `closed` says which
    }
  }

  /** Next bidirectional stream of the peer. */
  async acceptBidirectional(): Promise<QuicBidirectionalStream | null> {
    try {
      const { value } = await this.#bidirectional.read();
      return value === undefined ? null : this.#take(value);
    } catch {
      return null; // as above
    }
  }

  /** Sends a datagram, maybe. */
  sendDatagram(bytes: Uint8Array): void {
    this.#connection.sendDatagram(bytes).catch(() => {}); // too large, not supported, connection over: it is lost
  }

  /** Next datagram of the peer. */
  async readDatagram(): Promise<Uint8Array | null> {
    try {
      return await this.#connection.readDatagram();
    } catch {
      return null;
    }
  }

  /** Closes the connection. */
  close(code: number, reason: string): void {
    if (this.#closing !== null) return;
    this.#closing = { by: "us", code, reason };
    this.#connection.close({ closeCode: code, reason });
  }

  #take({ readable, writable }: Deno.QuicBidirectionalStream): QuicBidirectionalStream {
    const receive = this.#backend.receive(readable, this);
    const { id } = receive;
    return { id, receive, send: this.#backend.send(writable, this, id) };
  }

  async #untilClosed(): Promise<ConnectionEnd> {
    try {
      const { closeCode, reason } = await this.#connection.closed;
      // A close of ours reads as code 0 without a reason; anything else is the peer's, who was faster.
      const ours = this.#closing !== null && closeCode === 0 && reason === "";
      return ours ? this.#closing! : { by: "peer", code: closeCode, reason };
    } catch (error) {
      return { by: "transport", code: 0, reason: messageOf(error) };
    } finally {
      this.halves.clear();
    }
  }
}
