/**
 * The sending half of a request stream: frames in, few and large writes out.
 *
 * While a write is on its way, what comes meanwhile is queued and goes out as one, for QUIC on this runtime is bound by
 * the number of writes. Back-pressure is the promise of `data()`.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";
import { SETTLED } from "../exchange.ts";
import { RESPONSE_BUFFER_BYTES } from "../limits.ts";
import { ConnectionLostError, type QuicSendStream, StreamStoppedError } from "../quic/transport.ts";
import { FrameQueue } from "./h3_frame_queue.ts";

/** What a {@link H3ResponseWriter} tells its owner. */
export interface WriterEvents {
  /** Something is on its way to the transport, and waits for the client to take what was sent before. */
  onWriting(): void;
  /** The transport took it. */
  onTaken(): void;
  /** The transport took so much content, frame headers apart. */
  onSent(bytes: number): void;
  /** The client does not want the rest, or is gone. At most once, and never with `onUnsendable`. */
  onLost(error: unknown): void;
  /** The content itself cannot be sent, so the response ends here. At most once. */
  onUnsendable(error: unknown): void;
  /** The response had to be given up without its end, and the client has not asked for that. At most once. */
  onTruncated(reason: string): void;
  /** Nothing more will be sent. Once. */
  onDone(): void;
}

/** A frame of a reserved type without payload: legal everywhere, and ignored (RFC 9114 §7.2.8). */
const PROBE_FRAME = [0x21, 0x00];

/** What the application did wrong when its bytes cannot be sent although the transport could. */
export function unsendable(cause: unknown): ApplicationError {
  return new ApplicationError(
    "Cannot send the content: bytes given to write() belong to the server, do not change or transfer them",
    { cause },
  );
}

/** Writes one response. */
export class H3ResponseWriter {
  readonly #stream: QuicSendStream;
  readonly #events: WriterEvents;
  readonly #queue = new FrameQueue();
  #state: "open" | "ending" | "over" = "open";
  #busy = false;
  /** Bytes of the piece on its way. */
  #writing = 0;
  #done = false;
  /** A probe is on its way, maybe behind content. */
  #probing = false;
  /** Bytes of content that `sendAll` has on their way. */
  #flat = 0;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(stream: QuicSendStream, events: WriterEvents) {
    this.#stream = stream;
    this.#events = events;
  }

  /** Bytes that the transport has not taken. */
  get queued(): number {
    return this.#queue.size + this.#writing;
  }

  /**
   * Sends a whole response with FIN: the usual case, without queue. Nothing may have been sent before.
   *
   * @param content Bytes of content among the frames.
   */
  sendAll(frames: Uint8Array, content = 0): void {
    this.#state = "over";
    this.#flat = content;
    this.#events.onWriting();
    this.#stream.write(frames).catch(ignore); // finish() fails with the same
    this.#stream.finish().then(this.#onFinished, this.#onLost);
  }

  /** Sends a frame that is not DATA, its header included. */
  frame(frame: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#queue.pushFrame(frame);
    this.#start();
  }

  /** Sends content; settles when there is room for more, also when nobody wants it any more. */
  data(bytes: Uint8Array): Promise<void> {
    if (this.#state !== "open") return SETTLED;
    this.#queue.pushData(bytes);
    this.#start();
    if (this.#queue.size < RESPONSE_BUFFER_BYTES) return SETTLED;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Ends the response when everything is sent. */
  finish(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#start();
  }

  /**
   * Gives the response up without FIN, so that it never looks complete. A client that has cancelled it gets its reset,
   * which the transport sends by itself when it sees the stream stopped; that is what the probe is for.
   *
   * @param reason Why, for the log.
   * @param patience Settles when a client that is about to stop the stream would have done so; absent when it is not.
   */
  giveUp(reason: string, patience?: () => Promise<void>): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#queue.clear();
    void this.#probe(reason, patience);
    this.#makeRoom();
  }

  /**
   * Gives the response up at once since the client takes nothing of it, so that a probe would not leave either, or is
   * what waits. The write that waits does so until the connection ends.
   *
   * @param reason Why, for the log.
   */
  stall(reason: string): void {
    if (this.#done) return;
    this.#state = "over";
    this.#queue.clear();
    this.#abandon(reason);
    this.#makeRoom();
  }

  async #probe(reason: string, patience?: () => Promise<void>): Promise<void> {
    try {
      await this.#writeProbe();
      if (patience && !this.#done) {
        await patience();
        if (!this.#done) await this.#writeProbe();
      }
    } catch (error) {
      if (error instanceof StreamStoppedError && !this.#done) return this.#close();
    }
    this.#abandon(reason);
  }

  /** The client has to take it in time as everything else. */
  async #writeProbe(): Promise<void> {
    this.#probing = true;
    this.#events.onWriting();
    await this.#stream.write(new Uint8Array(PROBE_FRAME));
    this.#probing = false;
    this.#events.onTaken();
  }

  #start(): void {
    if (!this.#busy) void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#busy = true;
    try {
      for (let piece = this.#queue.take(); piece; piece = this.#queue.take()) {
        this.#events.onWriting();
        this.#writing = piece.byteLength;
        const written = this.#stream.write(piece);
        if (this.#queue.size < RESPONSE_BUFFER_BYTES) this.#makeRoom();
        const { taken } = this.#queue;
        await written;
        this.#events.onTaken();
        if (this.#probing && !this.#done) this.#events.onWriting();
        if (taken > 0) this.#events.onSent(taken);
      }
    } catch (error) {
      this.#lose(error);
    }
    this.#writing = 0;
    this.#busy = false;
    if (this.#state !== "ending") return;
    this.#state = "over";
    this.#close();
  }

  #lose(error: unknown): void {
    this.#queue.clear();
    if (this.#state === "over") return;
    this.#state = "over";
    const isOver = error instanceof StreamStoppedError || error instanceof ConnectionLostError;
    // The stream itself is fine where it was the content that failed, e.g. transferred by the application meanwhile.
    if (isOver) this.#events.onLost(error);
    else this.#events.onUnsendable(error);
    this.#makeRoom();
    if (isOver) this.#close();
    else this.#abandon("its content cannot be sent");
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #close(): void {
    this.#stream.finish().then(this.#onFinished, this.#onFinished);
  }

  readonly #onFinished = (): void => {
    if (this.#done) return;
    this.#events.onTaken();
    if (this.#flat > 0) this.#events.onSent(this.#flat);
    this.#end();
  };

  readonly #onLost = (error: unknown): void => {
    if (this.#done) return;
    this.#events.onLost(error);
    this.#end();
  };

  #abandon(reason: string): void {
    if (this.#done) return;
    this.#stream.abandon();
    this.#events.onTruncated(reason);
    this.#end();
  }

  #end(): void {
    this.#done = true;
    this.#events.onDone();
  }
}

function ignore(): void {}
