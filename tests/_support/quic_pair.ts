/**
 * A connection with both of its ends in the test: the server's behind the port, the client's behind one small interface,
 * so that one table of tests runs on every transport.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type BackendName, listenQuic } from "../../src/quic/deno.ts";
import type { DenoQuicConnection } from "../../src/quic/deno_connection.ts";
import type { DenoQuicListener, DenoQuicListenOptions } from "../../src/quic/deno.ts";
import type { QuicConnection } from "../../src/quic/transport.ts";
import { CERTIFICATE, KEY_PATH } from "./certificates.ts";
import { withDeadline } from "./deadline.ts";
import { type FakeInbox, FakeQuicClient, type FakeQuicOptions } from "./fake_quic.ts";
import { pause } from "./waiting.ts";

/** A stream at the client, either half may be missing. */
export interface ClientStream {
  /** Sends bytes; settles when they were taken or are not wanted. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends FIN. */
  finish(): void;
  /** Next bytes, `null` after FIN. One at a time. */
  read(): Promise<Uint8Array | null>;
  /** Sends STOP_SENDING with code 0. */
  stop(): void;
  /** Sends until the server has stopped the stream. */
  untilStopped(): Promise<void>;
}

/** The client's end. */
export interface PairClient {
  /** Opens a bidirectional stream. */
  openBidirectional(): Promise<ClientStream>;
  /** Opens a unidirectional stream. */
  openUnidirectional(): Promise<ClientStream>;
  /** Next unidirectional stream of the server. */
  accept(): Promise<ClientStream>;
  /** Next bidirectional stream of the server. */
  acceptBidirectional(): Promise<ClientStream>;
  /** Sends a datagram. */
  sendDatagram(bytes: Uint8Array): void;
  /** Next datagram. */
  readDatagram(): Promise<Uint8Array>;
  /** Closes the connection. */
  close(code: number, reason: string): void;
  /** How the server closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Both ends. */
export interface Pair {
  /** The server's end. */
  readonly connection: QuicConnection;
  /** The client's end. */
  readonly client: PairClient;
  /** Halves of the server that are not over. */
  openHalves(): number;
  /** Closes everything. */
  close(): Promise<void>;
}

/** A transport, as a row of the table. */
export interface Transport {
  /** For the names of tests. */
  readonly name: string;
  /** Opens a connection. */
  open(): Promise<Pair>;
}

/** Every implementation of the port. */
export const TRANSPORTS: readonly Transport[] = [
  { name: "fake", open: () => openFake({}) },
  {
    name: "fake, shredded",
    open: () => openFake({ shred: 1000, reorder: true, delay: 1, seed: 5 }),
  },
  { name: "Deno, resources", open: () => openDeno("resources") },
  { name: "Deno, streams", open: () => openDeno("streams") },
];

/** The two of them that are real. */
export const BACKENDS: readonly BackendName[] = ["resources", "streams"];

/** Options of a listener on a free port of loopback. */
export function listenOptions(
  options: Partial<DenoQuicListenOptions> = {},
): DenoQuicListenOptions {
  return {
    hostname: "127.0.0.1",
    port: 0,
    cert: CERTIFICATE,
    key: Deno.readTextFileSync(KEY_PATH),
    alpnProtocols: ["h3"],
    maxBidirectionalStreams: 100,
    maxUnidirectionalStreams: 10,
    idleTimeout: 30,
    handshakeTimeout: 10,
    maxHandshakes: 100,
    maxConnections: 100,
    maxConnectionsPerClient: 100,
    onRefused: ({ reason }) => {
      throw new Error(`A connection was refused: ${reason}`);
    },
    ...options,
  };
}

/** Connects Deno's client to a port of loopback. */
export function connect(
  port: number,
  options: Partial<Deno.ConnectQuicOptions<false>> = {},
): Promise<Deno.QuicConn> {
  return withDeadline(
    Deno.connectQuic({
      hostname: "127.0.0.1",
      serverName: "localhost",
      port,
      alpnProtocols: ["h3"],
      caCerts: [CERTIFICATE],
      ...options,
    }),
    "the connection",
  );
}

/** Connects, and fails unless the server closes that at once; the client may have completed its handshake by then. */
export async function connectInVain(
  port: number,
  options: Partial<Deno.ConnectQuicOptions<false>> = {},
): Promise<void> {
  const native = await connect(port, options).catch((error) => {
    assert.match(String(error), /closed during the handshake/);
  });
  if (!native) return;
  await withDeadline(native.closed.catch(() => {}), "the end of a connection");
  if (options.endpoint === undefined) native.endpoint.close();
}

/** Connects a client and returns both ends of its connection. */
export async function connectTo(
  listener: DenoQuicListener,
  options: Partial<Deno.ConnectQuicOptions<false>> = {},
): Promise<{ readonly connection: QuicConnection; readonly native: Deno.QuicConn }> {
  const accepted = listener.accept();
  const native = await connect(listener.addr.port, options);
  const connection = await withDeadline(accepted, "the connection at the server");
  if (connection === null) throw new Error("The listener is closed");
  return { connection, native };
}

async function openDeno(backend: BackendName): Promise<Pair> {
  const listener = listenQuic(listenOptions({ backend }));
  const { connection, native } = await connectTo(listener);
  return {
    connection,
    client: new DenoClient(native),
    openHalves: () => (connection as DenoQuicConnection).halves.size,
    async close() {
      await listener.close(0, "");
      await native.closed.catch(() => {});
      native.endpoint.close();
    },
  };
}

class DenoClient implements PairClient {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #connection: Deno.QuicConn;
  readonly #incoming: ReadableStreamDefaultReader<Deno.QuicReceiveStream>;
  readonly #bidirectional: ReadableStreamDefaultReader<Deno.QuicBidirectionalStream>;

  constructor(connection: Deno.QuicConn) {
    this.#connection = connection;
    this.#incoming = connection.incomingUnidirectionalStreams.getReader();
    this.#bidirectional = connection.incomingBidirectionalStreams.getReader();
    this.closed = connection.closed.then(({ closeCode, reason }) => ({ code: closeCode, reason }));
    this.closed.catch(() => {});
  }

  async openBidirectional(): Promise<ClientStream> {
    return new DenoStream(await this.#connection.createBidirectionalStream());
  }

  async openUnidirectional(): Promise<ClientStream> {
    return new DenoStream({ writable: await this.#connection.createUnidirectionalStream() });
  }

  async accept(): Promise<ClientStream> {
    const { value } = await this.#incoming.read();
    return new DenoStream({ readable: value! });
  }

  async acceptBidirectional(): Promise<ClientStream> {
    const { value } = await this.#bidirectional.read();
    return new DenoStream(value!);
  }

  sendDatagram(bytes: Uint8Array): void {
    this.#connection.sendDatagram(bytes).catch(() => {});
  }

  readDatagram(): Promise<Uint8Array> {
    return this.#connection.readDatagram();
  }

  close(code: number, reason: string): void {
    this.#connection.close({ closeCode: code, reason });
  }
}

class DenoStream implements ClientStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;

  constructor(
    stream: { readonly readable?: Deno.QuicReceiveStream; readonly writable?: Deno.QuicSendStream },
  ) {
    this.#reader = stream.readable?.getReader();
    this.#writer = stream.writable?.getWriter();
  }

  async untilStopped(): Promise<void> {
    // A client learns of it when it sends, not before.
    try {
      for (;;) await this.#writer!.write(new Uint8Array(1)).then(() => pause(1));
    } catch {
      // stopped
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#writer!.write(bytes).catch(() => {});
  }

  finish(): void {
    this.#writer!.close().catch(() => {});
  }

  async read(): Promise<Uint8Array | null> {
    const { value } = await this.#reader!.read();
    return value ?? null;
  }

  stop(): void {
    this.#reader!.cancel().catch(() => {});
  }
}

function openFake(options: FakeQuicOptions): Promise<Pair> {
  // As much as a real client takes unread.
  const client = new FakeQuicClient({ sendWindow: 1_250_000, ...options });
  return Promise.resolve({
    connection: client.connection,
    client: new FakePairClient(client),
    openHalves: () => client.live.receiving + client.live.sending + client.live.abandoned,
    close() {
      client.connection.close(0, "");
      return Promise.resolve();
    },
  });
}

class FakePairClient implements PairClient {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #client: FakeQuicClient;
  #accepted = 0;
  #acceptedBidirectional = 0;
  #datagrams = 0;

  constructor(client: FakeQuicClient) {
    this.#client = client;
    this.closed = client.closed.then(({ code, reason }) => ({ code, reason }));
  }

  openBidirectional(): Promise<ClientStream> {
    return Promise.resolve(this.#stream(this.#client.openBidirectional()));
  }

  openUnidirectional(): Promise<ClientStream> {
    return Promise.resolve(this.#stream(this.#client.openUnidirectional()));
  }

  async accept(): Promise<ClientStream> {
    const index = this.#accepted++;
    await this.#client.until(() => this.#client.streams.length > index);
    return this.#stream(this.#client.streams[index]!);
  }

  async acceptBidirectional(): Promise<ClientStream> {
    const index = this.#acceptedBidirectional++;
    await this.#client.until(() => this.#client.bidirectional.length > index);
    return this.#stream(this.#client.bidirectional[index]!);
  }

  sendDatagram(bytes: Uint8Array): void {
    this.#client.sendDatagram(bytes);
  }

  async readDatagram(): Promise<Uint8Array> {
    const index = this.#datagrams++;
    await this.#client.until(() => this.#client.datagrams.length > index);
    return this.#client.datagrams[index]!;
  }

  close(code: number, reason: string): void {
    this.#client.close(code, reason);
  }

  #stream(stream: Partial<FakeClientParts>): ClientStream {
    return new FakeStream(this.#client, stream);
  }
}

/** What {@linkcode FakeStream} takes of the fake's streams of all three kinds. */
interface FakeClientParts {
  readonly inbox: FakeInbox;
  readonly stopped: boolean;
  write(bytes: Uint8Array): Promise<void>;
  finish(): void;
}

class FakeStream implements ClientStream {
  readonly #client: FakeQuicClient;
  readonly #stream: Partial<FakeClientParts>;
  #taken = 0;

  constructor(client: FakeQuicClient, stream: Partial<FakeClientParts>) {
    this.#client = client;
    this.#stream = stream;
  }

  untilStopped(): Promise<void> {
    this.#stream.write!(new Uint8Array(1));
    return this.#client.until(() => this.#stream.stopped === true);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#stream.write!(bytes.slice());
  }

  finish(): void {
    this.#stream.finish!();
  }

  async read(): Promise<Uint8Array | null> {
    const inbox = this.#stream.inbox!;
    await this.#client.until(() => inbox.fin || inbox.length > this.#taken);
    const bytes = inbox.take();
    this.#taken += bytes.length;
    inbox.onAllow(bytes.length);
    return bytes.length === 0 ? null : bytes;
  }

  stop(): void {
    this.#stream.inbox!.onStop(0);
  }
}
