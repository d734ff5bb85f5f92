/**
 * Our control, encoder and decoder streams: open as long as the connection (RFC 9114 §6.2.1, RFC 9204 §4.2).
 *
 * @module
 */

import { H3, type H3Connection, H3Error } from "../h3/mod.ts";
import { type QuicConnection, type QuicSendStream, StreamStoppedError } from "../quic/transport.ts";
import { flushSoon, type Held } from "./flush_queue.ts";

/** Before any response: few bytes that others wait for. */
const SEND_ORDER = 2 ** 30;

/** Writes what an {@link H3Connection} has for these streams. */
export class H3CriticalStreams implements Held {
  readonly #quic: QuicConnection;
  readonly #machine: H3Connection;
  readonly #onError: (error: unknown) => void;
  #control: CriticalStream | undefined;
  #encoder: CriticalStream | undefined;
  #decoder: CriticalStream | undefined;
  #scheduled = false;

  /** @param onError Told when one of them cannot be written any more, which ends the connection. */
  constructor(quic: QuicConnection, machine: H3Connection, onError: (error: unknown) => void) {
    this.#quic = quic;
    this.#machine = machine;
    this.#onError = onError;
  }

  /** Opens them; SETTINGS go first and wait for nothing. Rejects when the connection is over. */
  async open(): Promise<void> {
    const machine = this.#machine;
    const { control, encoder, decoder } = machine.streamStarts;
    this.#control = await this.#start(control, () => machine.takeControl());
    this.#encoder = await this.#start(encoder, () => machine.takeEncoder());
    this.#decoder = await this.#start(decoder, () => machine.takeDecoder());
    this.flush();
  }

  /** Writes what waits for the encoder and control streams; until they are open, the machine keeps it. */
  writeNow(): void {
    if (this.#decoder === undefined) return;
    this.#encoder!.write();
    this.#control!.write();
  }

  /** Writes what waits for the decoder stream in a moment. */
  acknowledge(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    flushSoon(this);
  }

  flush(): void {
    this.#scheduled = false;
    this.writeNow();
    this.#decoder?.write();
    try {
      this.#machine.checkDecoderBacklog();
    } catch (error) {
      this.#onError(error);
    }
  }

  async #start(bytes: Uint8Array, take: () => Uint8Array | null): Promise<CriticalStream> {
    const stream = await this.#quic.openUnidirectional();
    stream.setSendOrder(SEND_ORDER);
    const critical = new CriticalStream(stream, take, this.#onError);
    critical.send(bytes);
    return critical;
  }
}

/**
 * One of the three. While a write is on its way, more stays in the machine, which bounds it: a client that gives a
 * stream no credit must not make us queue.
 */
class CriticalStream {
  readonly #stream: QuicSendStream;
  readonly #take: () => Uint8Array | null;
  readonly #onError: (error: unknown) => void;
  #writing = false;

  constructor(
    stream: QuicSendStream,
    take: () => Uint8Array | null,
    onError: (error: unknown) => void,
  ) {
    this.#stream = stream;
    this.#take = take;
    this.#onError = onError;
  }

  /** Writes these bytes, while nothing else is on its way. */
  send(bytes: Uint8Array): void {
    this.#writing = true;
    this.#stream.write(bytes).then(this.#onWritten, this.#onFailed);
  }

  /** Writes what waits, now or after the write in progress. */
  write(): void {
    if (this.#writing) return;
    const bytes = this.#take();
    if (bytes !== null) this.send(bytes);
  }

  readonly #onWritten = (): void => {
    this.#writing = false;
    this.write();
  };

  /** Nothing is written any more. */
  readonly #onFailed = (error: unknown): void => {
    const stopped = error instanceof StreamStoppedError;
    this.#onError(stopped ? new H3Error(H3.CLOSED_CRITICAL_STREAM, STOPPED) : error);
  };
}

const STOPPED = "Cannot write a critical stream: the peer stopped it";
