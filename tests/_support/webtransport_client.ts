/**
 * A WebTransport client over real QUIC whose every byte is the test's: settings, handshakes, streams, datagrams, capsules.
 *
 * The runtime can neither reset a stream nor choose the code of STOP_SENDING; what needs that is tried on the QUIC in
 * memory.
 *
 * @module
 */

import { decodeIdPayload } from "../../src/h3/frames.ts";
import { decodeDatagram, errorName, FRAME, FrameReader, STREAM } from "../../src/h3/mod.ts";
import { CERTIFICATE } from "./certificates.ts";
import { withDeadline } from "./deadline.ts";
import { headers } from "./h3_attacker.ts";
import { requestFields } from "./h3_peer.ts";
import { WebSocketClient } from "./websocket_client.ts";
import { ClientRequest } from "./webtransport_request.ts";
import { ClientSession, type SessionOwner } from "./webtransport_session.ts";
import { HANG_MS, SessionStream } from "./webtransport_stream.ts";
import {
  BROWSER_SETTINGS,
  controlOf,
  readSettings,
  sessionFields,
  type SessionRequest,
  type Setting,
  WT_STREAM,
} from "./webtransport_wire.ts";

/** How a client connects. */
export interface WebTransportClientOptions {
  /** What its SETTINGS say; `null`: it sends none. Default those of a browser. */
  readonly settings?: readonly Setting[] | null;
  /** Milliseconds between PING frames of a client that has nothing else to say. */
  readonly keepAlive?: number;
  /** Where to connect from; an endpoint takes some 3 MB, so that many clients share one. */
  readonly endpoint?: Deno.QuicEndpoint;
}

/** One connection. */
export class WebTransportClient implements SessionOwner, AsyncDisposable {
  /** Settles with the name of the code, or the runtime's words, when the connection is over. Never rejects. */
  readonly closed: Promise<string>;
  /** Whether it is over. */
  over = false;
  /** Ids of the server's GOAWAY frames. */
  readonly goaways: number[] = [];
  /** Settles with the server's settings. */
  readonly settings: Promise<ReadonlyMap<number, number>>;
  readonly #connection: Deno.QuicConn;
  /** `null` when it is somebody else's. */
  readonly #endpoint: Deno.QuicEndpoint | null;
  #control: SessionStream | null = null;
  readonly #sessions = new Map<number, ClientSession>();
  readonly #settings = Promise.withResolvers<ReadonlyMap<number, number>>();
  /** A collected stream would end. */
  readonly #held: unknown[] = [];

  private constructor(connection: Deno.QuicConn, endpoint: Deno.QuicEndpoint | null) {
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.settings = this.#settings.promise;
    this.closed = connection.closed.then(({ closeCode }) => errorName(closeCode ?? 0), String)
      .finally(() => this.#end());
    void this.#acceptUnidirectional();
    void this.#acceptBidirectional();
    void this.#readDatagrams();
  }

  /** Connects, and sends SETTINGS. */
  static async connect(
    port: number,
    { settings = BROWSER_SETTINGS, keepAlive, endpoint }: WebTransportClientOptions = {},
  ): Promise<WebTransportClient> {
    const from = endpoint ?? new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
    try {
      const connection = await withDeadline(
        Promise.resolve(Deno.connectQuic({
          hostname: "127.0.0.1",
          port,
          serverName: "localhost",
          alpnProtocols: ["h3"],
          caCerts: [CERTIFICATE],
          endpoint: from,
          ...(keepAlive === undefined ? {} : { keepAliveInterval: keepAlive }),
        })),
        "a connection for WebTransport",
        HANG_MS,
      );
      const client = new WebTransportClient(connection, endpoint ? null : from);
      if (settings !== null) await client.sendSettings(settings);
      return client;
    } catch (error) {
      if (!endpoint) from.close();
      throw error;
    }
  }

  /** The client's control stream. @throws {Error} When there is none yet. */
  get control(): SessionStream {
    if (this.#control === null) throw new Error("This client has sent no SETTINGS");
    return this.#control;
  }

  /** Largest datagram of QUIC now. */
  get maxDatagramSize(): number {
    return this.#connection.maxDatagramSize;
  }

  /** Opens the control stream. */
  async sendSettings(settings: readonly Setting[]): Promise<void> {
    this.#control = await this.unidirectional(controlOf(settings));
  }

  /** Opens a stream in one direction that begins with `bytes`. */
  async unidirectional(bytes: Uint8Array): Promise<SessionStream> {
    const writable = await withDeadline(
      this.#connection.createUnidirectionalStream({ waitUntilAvailable: true }),
      "leave to open a unidirectional stream",
      HANG_MS,
    );
    return await this.#begin(new SessionStream({ writable }), bytes);
  }

  /** Opens a stream in both directions that begins with `bytes`. */
  async bidirectional(bytes: Uint8Array): Promise<SessionStream> {
    const stream = await withDeadline(
      this.#connection.createBidirectionalStream({ waitUntilAvailable: true }),
      "leave to open a bidirectional stream",
      HANG_MS,
    );
    return await this.#begin(new SessionStream(stream), bytes);
  }

  /** Sends the data of a QUIC DATAGRAM frame. */
  sendDatagram(bytes: Uint8Array): void {
    this.#connection.sendDatagram(bytes).catch(() => {}); // the connection is over
  }

  /** Sends a handshake; its answer is still to come. */
  async begin(request: SessionRequest = {}): Promise<ClientSession> {
    const stream = await this.bidirectional(headers(sessionFields(request)));
    const session = new ClientSession(this, stream);
    this.#sessions.set(session.id, session);
    return session;
  }

  /** Sends a handshake that is accepted. @throws {Error} For any other answer. */
  async open(request: SessionRequest = {}): Promise<ClientSession> {
    const session = await this.begin(request);
    const { status } = await session.answer;
    if (status !== 200) throw new Error(`The session was refused with ${status}`);
    return session;
  }

  /** Makes an ordinary request. */
  async get(path = "/"): Promise<{ readonly status: number; readonly text: string }> {
    const stream = await this.bidirectional(headers(requestFields({ path })));
    stream.finish();
    const response = new ClientRequest(stream);
    const { status } = await response.answer;
    return { status, text: await response.content() };
  }

  /** Opens a WebSocket. @throws {Error} When it is refused. */
  async webSocket(path = "/"): Promise<WebSocketClient> {
    const fields = [["sec-websocket-version", "13"]] as const;
    const head = headers(sessionFields({ path, protocol: "websocket", fields }));
    const handshake = new ClientRequest(await this.bidirectional(head));
    const { status, fields: answer } = await handshake.answer;
    if (status !== 200) throw new Error(`The WebSocket was refused with ${status}`);
    return new WebSocketClient(
      handshake.tunnel(),
      { status, headers: answer },
      new Uint8Array(0),
    );
  }

  /** Closes with H3_NO_ERROR; settles when it is over. */
  async close(): Promise<string> {
    if (!this.over) this.#connection.close({ closeCode: 0x100, reason: "" });
    return await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  hold(stream: unknown): void {
    this.#held.push(stream);
  }

  async #begin(stream: SessionStream, bytes: Uint8Array): Promise<SessionStream> {
    this.hold(stream);
    await stream.send(bytes);
    return stream;
  }

  async #acceptUnidirectional(): Promise<void> {
    try {
      for await (const readable of this.#connection.incomingUnidirectionalStreams) {
        const stream = new SessionStream({ readable });
        this.hold(stream);
        void this.#sort(stream).catch(() => {}); // the connection is over
      }
    } catch { /* the connection is over */ }
  }

  async #acceptBidirectional(): Promise<void> {
    try {
      for await (const both of this.#connection.incomingBidirectionalStreams) {
        const stream = new SessionStream(both);
        this.hold(stream);
        void this.#joinBidirectional(stream).catch(() => {}); // the connection is over
      }
    } catch { /* the connection is over */ }
  }

  async #readDatagrams(): Promise<void> {
    try {
      for (;;) {
        const { streamId, payload } = decodeDatagram(await this.#connection.readDatagram());
        this.#sessions.get(streamId)?.datagrams.add(payload);
      }
    } catch { /* the connection is over */ }
  }

  /** Gives a stream in one direction to whom it is for. */
  async #sort(stream: SessionStream): Promise<void> {
    const type = await stream.varint();
    if (type === WT_STREAM.UNIDIRECTIONAL) {
      this.#sessions.get((await stream.varint())!)?.unidirectional.add(stream);
    } else if (type === STREAM.CONTROL) await this.#readControl(stream);
  }

  async #joinBidirectional(stream: SessionStream): Promise<void> {
    if (await stream.varint() !== WT_STREAM.BIDIRECTIONAL) {
      throw new Error("The server opened a stream in both directions that is for no session");
    }
    this.#sessions.get((await stream.varint())!)?.bidirectional.add(stream);
  }

  async #readControl(stream: SessionStream): Promise<void> {
    const wanted: number[] = [FRAME.SETTINGS, FRAME.GOAWAY];
    const reader = new FrameReader({ admit: (type) => wanted.includes(type) ? "whole" : "skip" });
    for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
      reader.receive(bytes);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) {
        if (frame.type === FRAME.GOAWAY) this.goaways.push(decodeIdPayload(frame));
        else this.#settings.resolve(readSettings(frame.payload));
      }
    }
  }

  #end(): void {
    this.over = true;
    this.#endpoint?.close();
  }
}
