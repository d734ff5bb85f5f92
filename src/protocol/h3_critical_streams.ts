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
  #control: QuicSendStream | undefined;
  #encoder: QuicSendStream | undefined;
  #decoder: QuicSendStream | undefined;
  #scheduled = false;

  /** @param onError Told when one of them cannot be written any more, which ends the connection. */
  constructor(quic: QuicConnection, machine: H3Connection, onError: (error: unknown) => void) {
    this.#quic = quic;
    this.#machine = machine;
    this.#onError = onError;
  }

  /** Opens them; SETTINGS go first and wait for nothing. Rejects when the connection is over. */
  async open(): Promise<void> {
    const { control, encoder, decoder } = this.#machine.streamStarts;
    this.#control = await this.#start(control);
    this.#encoder = await this.#start(encoder);
    this.#decoder = await this.#start(decoder);
    this.flush();
  }

  /** Writes what waits for the encoder and control streams; until they are open, the machine keeps it. */
  writeNow(): void {
    if (this.#decoder === undefined) return;
    this.#write(this.#encoder!, this.#machine.takeEncoder());
    this.#write(this.#control!, this.#machine.takeControl());
  }

  /** Writes what waits for the decoder stream in a moment. */
  acknowledge(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    flushSoon(this);
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#decoder === undefined) return;
    this.writeNow();
    this.#write(this.#decoder, this.#machine.takeDecoder());
  }

  async #start(bytes: Uint8Array): Promise<QuicSendStream> {
    const stream = await this.#quic.openUnidirectional();
    stream.setSendOrder(SEND_ORDER);
    this.#write(stream, bytes);
    return stream;
  }

  #write(stream: QuicSendStream, bytes: Uint8Array | null): void {
    if (bytes === null) return;
    stream.write(bytes).catch((error) => {
      const stopped = error instanceof StreamStoppedError;
      this.#onError(stopped ? new H3Error(H3.CLOSED_CRITICAL_STREAM, STOPPED) : error);
    });
  }
}

const STOPPED = "Cannot write a critical stream: the peer stopped it";
