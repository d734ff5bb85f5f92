/**
 * The client's end of an HTTP/3 connection, on Deno's own QUIC.
 *
 * The runtime's finalizers end streams that nobody holds, so everything is held until the end.
 *
 * @module
 */

import type { FieldList } from "../../src/fields.ts";
import { H3, H3Error, STREAM } from "../../src/h3/mod.ts";
import { CERTIFICATE } from "./certificates.ts";
import { withDeadline } from "./deadline.ts";
import { H3ClientSession, STREAM_STARTS } from "./h3_client_session.ts";

type Writer = WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

/** One connection. */
export class H3ClientConnection {
  /** Settles with code and reason when the connection is over, whoever ended it. Never rejects. */
  readonly closed: Promise<string>;
  /** Settings, GOAWAY and field compression. */
  readonly session = new H3ClientSession();
  readonly #endpoint: Deno.QuicEndpoint;
  readonly #connection: Deno.QuicConn;
  readonly #held = new Set<unknown>();
  #encoder: Writer | undefined;
  #decoder: Writer | undefined;
  #isOver = false;

  private constructor(endpoint: Deno.QuicEndpoint, connection: Deno.QuicConn) {
    this.#endpoint = endpoint;
    this.#connection = connection;
    this.closed = connection.closed.then(
      ({ closeCode, reason }) => `0x${(closeCode ?? 0).toString(16)} ${reason}`.trimEnd(),
      String,
    ).finally(() => this.#end());
  }

  /**
   * Connects to an `https:` URL of the loopback, whose host is an address.
   *
   * @param serverName For SNI; none by default.
   */
  static async open(url: string, serverName?: string): Promise<H3ClientConnection> {
    const { hostname, port } = new URL(url);
    const address = hostname.replace(/^\[|\]$/g, "");
    const endpoint = new Deno.QuicEndpoint({ hostname: address, port: 0 });
    try {
      const connection = await withDeadline(
        Promise.resolve(Deno.connectQuic({
          hostname: address,
          port: Number(port),
          serverName,
          alpnProtocols: ["h3"],
          caCerts: [CERTIFICATE],
          endpoint,
        })),
        "an HTTP/3 connection",
      );
      const opened = new H3ClientConnection(endpoint, connection);
      await opened.#start();
      return opened;
    } catch (error) {
      endpoint.close();
      throw error;
    }
  }

  /** Whether requests may be made here: it is not over, and not going away (RFC 9114 §5.2). */
  get usable(): boolean {
    return !this.#isOver && this.session.goaway === null;
  }

  /** Opens a request stream, when the server allows another one. */
  openStream(): Promise<Deno.QuicBidirectionalStream> {
    return this.#connection.createBidirectionalStream({ waitUntilAvailable: true });
  }

  /** Keeps something from the collector until {@linkcode release} or the end. */
  hold(stream: unknown): void {
    this.#held.add(stream);
  }

  /** Lets go of what is over. */
  release(stream: unknown): void {
    this.#held.delete(stream);
  }

  /** A HEADERS frame; what the server's decoder needs to know for it is sent first. */
  encodeFields(streamId: number, fields: FieldList): Uint8Array<ArrayBuffer> {
    const frame = this.session.encode(streamId, fields);
    this.#flush();
    return frame;
  }

  /** The fields of a section of a response. */
  async decodeFields(streamId: number, section: Uint8Array): Promise<FieldList> {
    const fields = await this.session.decode(streamId, section);
    this.#flush();
    return fields;
  }

  /** A response is not wanted any more. */
  cancelFields(streamId: number): void {
    this.session.cancel(streamId);
    this.#flush();
  }

  /** Closes connection and socket. Settles when both are over. */
  async close(code: number = H3.NO_ERROR): Promise<void> {
    if (!this.#isOver) this.#connection.close({ closeCode: code, reason: "" });
    await this.closed;
  }

  async #start(): Promise<void> {
    void this.#acceptAll();
    await this.#openUnidirectional(STREAM_STARTS.control);
    this.#encoder = await this.#openUnidirectional(STREAM_STARTS.encoder);
    this.#decoder = await this.#openUnidirectional(STREAM_STARTS.decoder);
  }

  async #openUnidirectional(start: Uint8Array<ArrayBuffer>): Promise<Writer> {
    const stream = await this.#connection.createUnidirectionalStream();
    const writer = stream.getWriter();
    this.hold(writer);
    writer.closed.catch(() => {}); // with the connection
    await writer.write(start.slice());
    return writer;
  }

  #flush(): void {
    this.#write(this.#encoder, this.session.takeEncoder());
    this.#write(this.#decoder, this.session.takeDecoder());
  }

  #write(writer: Writer | undefined, bytes: Uint8Array | null): void {
    if (bytes !== null) writer?.write(bytes.slice()).catch(() => {}); // the connection is over
  }

  async #acceptAll(): Promise<void> {
    try {
      for await (const stream of this.#connection.incomingUnidirectionalStreams) {
        this.hold(stream);
        void this.#receive(stream).catch((error) => this.#fail(error));
      }
    } catch { /* the connection is over, as `closed` says */ }
  }

  /** @throws {H3Error} For whatever the server did wrong. */
  async #receive(stream: ReadableStream<Uint8Array>): Promise<void> {
    const reader = stream.getReader();
    // The type comes alone or with what follows; all that are known have one byte.
    const first = (await reader.read()).value;
    if (first === undefined) return;
    const receive = this.session.receiver(first[0]!);
    for (let bytes: Uint8Array | undefined = first.subarray(1); bytes;) {
      receive(bytes);
      this.#flush();
      bytes = (await reader.read()).value;
    }
    if (isCritical(first[0]!)) throw new H3Error(H3.CLOSED_CRITICAL_STREAM, "FIN");
  }

  /** Reading failed: of a connection that is over, or the server broke a rule. */
  #fail(error: unknown): void {
    if (this.#isOver || error instanceof Deno.errors.NotConnected) return;
    const { code } = error as { readonly code?: unknown };
    void this.close(typeof code === "number" ? code : H3.GENERAL_PROTOCOL_ERROR);
  }

  #end(): void {
    this.#isOver = true;
    this.#held.clear();
    this.#endpoint.close();
  }
}

function isCritical(type: number): boolean {
  return type === STREAM.CONTROL || type === STREAM.QPACK_ENCODER || type === STREAM.QPACK_DECODER;
}
