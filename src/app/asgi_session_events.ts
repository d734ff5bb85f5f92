/**
 * The `receive()` side of an ASGI WebTransport session: what happens in it, in one line, then exactly one disconnect.
 *
 * Everything that can bring an event has one at most waiting in this line, and goes on when that was taken: each stream,
 * the streams that come of either kind, and the datagrams. What comes beyond waits in the transport.
 *
 * @module
 */

import type { ASGIStreamKey, WebTransportReceiveEvent } from "../asgi_webtransport_types.ts";
import { DisconnectError } from "../errors.ts";
import { SETTLED } from "../exchange.ts";
import { Fifo } from "../fifo.ts";
import {
  type WebTransportBidirectionalStream,
  type WebTransportReceiveStream,
  type WebTransportSession,
  WebTransportStreamError,
} from "../webtransport_exchange.ts";
import { KnownStreams } from "./asgi_known_streams.ts";

const EMPTY = new Uint8Array(0);

/** An event that nobody has taken. */
interface Entry {
  readonly event: WebTransportReceiveEvent;
  /** The stream whose reading brought it. */
  readonly reading: Reading | undefined;
  /** Lets who brought it go on. */
  readonly taken: () => void;
}

/** A stream that is read. */
interface Reading {
  readonly stream: WebTransportReceiveStream;
  /** Whether the application wants no more of it. */
  stopped: boolean;
}

/** Events of one session. Any number of `receive()` calls may be waiting; each event goes to one of them. */
export class SessionEvents {
  /** Streams that came. */
  readonly known: KnownStreams = new KnownStreams();
  readonly #session: WebTransportSession;
  readonly #onOpened: (stream: WebTransportBidirectionalStream) => void;
  readonly #entries = new Fifo<Entry>();
  readonly #receivers = new Fifo<PromiseWithResolvers<WebTransportReceiveEvent>>();
  readonly #readings = new Map<ASGIStreamKey, Reading>();
  /** Those who bring events and have not ended. */
  #sources = 0;
  #isOver = false;
  #fault: unknown;

  /** @param onOpened Told of each stream on which something can be sent, before the application is. */
  constructor(
    session: WebTransportSession,
    onOpened: (stream: WebTransportBidirectionalStream) => void,
  ) {
    this.#session = session;
    this.#onOpened = onOpened;
    this.#run(this.#bidirectional());
    this.#run(this.#unidirectional());
    this.#run(this.#datagrams());
    session.draining.then(() => this.add({ type: "webtransport.drain" }));
  }

  /** Next event; waits for ever once the disconnect was given. */
  next(): Promise<WebTransportReceiveEvent> {
    for (let entry = this.#entries.shift(); entry; entry = this.#entries.shift()) {
      entry.taken();
      if (!entry.reading?.stopped) return Promise.resolve(entry.event);
    }
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const receiver = Promise.withResolvers<WebTransportReceiveEvent>();
    this.#receivers.push(receiver);
    return receiver.promise;
  }

  /** Adds an event, unless it is all over; settles when it was taken. */
  add(event: WebTransportReceiveEvent, reading?: Reading): Promise<void> {
    if (this.#isOver) return SETTLED;
    const receiver = this.#receivers.shift();
    if (receiver === undefined) {
      return new Promise((taken) => this.#entries.push({ event, reading, taken }));
    }
    receiver.resolve(event);
    return SETTLED;
  }

  /** Whether something may still come on a stream. */
  isReading(key: ASGIStreamKey): boolean {
    return this.#readings.has(key);
  }

  /** Brings what comes on a stream, until its end. */
  read(key: ASGIStreamKey, stream: WebTransportReceiveStream): void {
    this.#run(this.#read(key, this.#note(key, stream)));
  }

  /**
   * Brings no more of a stream, and asks the client to stop; does nothing when it has ended.
   *
   * @throws {ApplicationError} When there never was such a stream.
   */
  stop(key: ASGIStreamKey): void {
    const reading = this.#readings.get(key);
    if (reading === undefined) return this.known.check("stop", key);
    this.#readings.delete(key);
    reading.stopped = true;
    reading.stream.stop();
  }

  async #bidirectional(): Promise<void> {
    for (;;) {
      const stream = await this.#session.acceptBidirectional();
      if (stream === null) return;
      this.#onOpened(stream);
      await this.#announce(stream.receive, false);
    }
  }

  async #unidirectional(): Promise<void> {
    for (;;) {
      const stream = await this.#session.acceptUnidirectional();
      if (stream === null) return;
      await this.#announce(stream, true);
    }
  }

  async #announce(receive: WebTransportReceiveStream, unidirectional: boolean): Promise<void> {
    const { id: stream } = receive;
    const reading = this.#note(stream, receive); // from now on it can be stopped
    await this.add({ type: "webtransport.stream.open", stream, unidirectional });
    this.#run(this.#read(stream, reading));
  }

  #note(key: ASGIStreamKey, stream: WebTransportReceiveStream): Reading {
    const reading = { stream, stopped: false };
    this.known.add(key);
    this.#readings.set(key, reading);
    return reading;
  }

  async #datagrams(): Promise<void> {
    for (;;) {
      const data = await this.#session.readDatagram();
      if (data === null) return;
      await this.add({ type: "webtransport.datagram.receive", data });
    }
  }

  async #read(stream: ASGIStreamKey, reading: Reading): Promise<void> {
    try {
      await this.#readPieces(stream, reading);
    } catch (error) {
      if (error instanceof DisconnectError || reading.stopped) return;
      if (!(error instanceof WebTransportStreamError)) throw error;
      const { code } = error;
      await this.add({ type: "webtransport.stream.reset", stream, code }, reading);
    } finally {
      if (!reading.stopped) this.#readings.delete(stream); // else the name may have been used again
    }
  }

  async #readPieces(stream: ASGIStreamKey, reading: Reading): Promise<void> {
    const type = "webtransport.stream.receive";
    for (;;) {
      const data = await reading.stream.read();
      if (reading.stopped) return;
      if (data === null) {
        return await this.add({ type, stream, data: EMPTY, more_data: false }, reading);
      }
      await this.add({ type, stream, data, more_data: true }, reading);
    }
  }

  /** All sources end with the session, and when the last of them has, everything that came was taken. */
  async #run(source: Promise<void>): Promise<void> {
    this.#sources++;
    try {
      await source;
    } catch (error) {
      this.#fail(error);
    }
    if (--this.#sources > 0) return;
    const { code, reason, clean } = await this.#session.closed;
    this.add({ type: "webtransport.disconnect", code: clean ? code : null, reason });
    this.#isOver = true;
  }

  /** The driver failed; `receive()` tells. */
  #fail(error: unknown): void {
    this.#fault ??= error;
    for (let waiting = this.#receivers.shift(); waiting; waiting = this.#receivers.shift()) {
      waiting.reject(error);
    }
  }
}
