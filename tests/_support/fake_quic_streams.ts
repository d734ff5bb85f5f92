/**
 * The halves of streams of the in-memory transport, see `fake_quic.ts`.
 *
 * @module
 */

import {
  type QuicReceiveStream,
  type QuicSendStream,
  type StreamId,
  StreamResetError,
  StreamStoppedError,
} from "../../src/quic/transport.ts";
import { concat } from "./bytes.ts";

/** Most bytes one read returns, as with the real back-ends. */
const MAX_READ = 65_536;

/** Where the bytes of a {@linkcode Sender} arrive. */
export interface Sink {
  /** Bytes in order, never empty. */
  receive(bytes: Uint8Array): void;
  /** FIN. */
  finish(): void;
  /** RESET_STREAM. */
  reset(code: number): void;
}

interface QueuedWrite {
  bytes: Uint8Array;
  readonly taken: PromiseWithResolvers<void>;
}

/** The sending end of one direction: passes bytes on as far as the receiver gives credit. */
export class Sender {
  readonly #sink: Sink;
  readonly #queue: QueuedWrite[] = [];
  #credit: number;
  #failure: Error | null = null;
  #finished: PromiseWithResolvers<void> | null = null;

  /** @param credit Bytes that may be sent before {@linkcode grant}. */
  constructor(sink: Sink, credit: number) {
    this.#sink = sink;
    this.#credit = credit;
  }

  /** Writes that wait for credit. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Whether FIN was asked for. */
  get finished(): boolean {
    return this.#finished !== null;
  }

  /** Sends; rejects with what {@linkcode fail} was given. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#finished) throw new Error("Cannot write after finish()");
    if (this.#failure) return Promise.reject(this.#failure);
    if (bytes.length === 0) return Promise.resolve();
    const taken = Promise.withResolvers<void>();
    this.#queue.push({ bytes, taken });
    this.#flush();
    return taken.promise;
  }

  /** Sends FIN after what is queued. */
  finish(): Promise<void> {
    if (this.#finished) return this.#finished.promise;
    this.#finished = Promise.withResolvers();
    if (this.#failure) this.#finished.reject(this.#failure);
    else this.#flush();
    return this.#finished.promise;
  }

  /** Sends RESET_STREAM; what is queued is lost, its promises fulfil. */
  reset(code: number): void {
    if (this.#failure || this.#isDone()) return;
    this.#failure = new Error("The stream was reset by its sender");
    for (const { taken } of this.#queue.splice(0)) taken.resolve();
    this.#finished?.resolve();
    this.#sink.reset(code);
  }

  /** Lets `bytes` more through. */
  grant(bytes: number): void {
    this.#credit += bytes;
    this.#flush();
  }

  /** Rejects what is queued and what comes. Does nothing when all was sent. */
  fail(error: Error): void {
    if (this.#failure || this.#isDone()) return;
    this.#failure = error;
    for (const { taken } of this.#queue.splice(0)) taken.reject(error);
    this.#finished?.reject(error);
  }

  #isDone(): boolean {
    return this.#finished !== null && this.#queue.length === 0;
  }

  #flush(): void {
    for (let write = this.#queue[0]; write && this.#credit > 0; write = this.#queue[0]) {
      const piece = write.bytes.subarray(0, this.#credit);
      write.bytes = write.bytes.subarray(piece.length);
      this.#credit -= piece.length;
      if (write.bytes.length === 0) this.#queue.shift()!.taken.resolve();
      this.#sink.receive(piece);
    }
    if (this.#finished && this.#queue.length === 0 && !this.#failure) {
      this.#finished.resolve();
      this.#sink.finish();
    }
  }
}

/** What the halves on the server's side need of their connection. */
export interface HalfOwner {
  /** Size of the next piece that a read returns, of `available` bytes. */
  pieceSize(available: number): number;
  /** A half is over, for good. */
  release(half: FakeReceiveStream | FakeSendStream): void;
  /** Something that a test may wait for has changed. */
  changed(): void;
}

/** The server's receiving half; the client's {@linkcode Sender} fills it. */
export class FakeReceiveStream implements QuicReceiveStream, Sink {
  readonly id: StreamId;
  /** Sends credit to the client, set by whoever joins the two ends. */
  onConsumed: (bytes: number) => void = () => {};
  /** Tells the client of `stop()`. */
  onStop: () => void = () => {};
  readonly #owner: HalfOwner;
  #buffer = new Uint8Array(0);
  #offset = 0;
  #waiting: PromiseWithResolvers<Uint8Array | null> | null = null;
  #end: "fin" | "stopped" | Error | null = null;

  /** @param owner Its connection. */
  constructor(id: StreamId, owner: HalfOwner) {
    this.id = id;
    this.#owner = owner;
  }

  /** Whether a read waits. */
  get reading(): boolean {
    return this.#waiting !== null;
  }

  /** Bytes that came and were not read. */
  get buffered(): number {
    return this.#buffer.length - this.#offset;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#waiting) throw new Error(`Stream ${this.id}: one read at a time`);
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    this.#settle();
    return promise;
  }

  stop(): void {
    if (this.#end === "stopped") return;
    const over = this.#end !== null && this.buffered === 0;
    this.#close("stopped");
    if (!over) this.onStop();
  }

  receive(bytes: Uint8Array): void {
    if (this.#end !== null) return;
    const unread = this.#buffer.subarray(this.#offset);
    this.#buffer = new Uint8Array(unread.length + bytes.length);
    this.#buffer.set(unread);
    this.#buffer.set(bytes, unread.length);
    this.#offset = 0;
    this.#settle();
  }

  finish(): void {
    this.#end ??= "fin";
    this.#settle();
  }

  reset(code: number): void {
    // What came before and was not read is lost with it (RFC 9000 §3.2).
    if (this.#end === null || this.#end === "fin") this.#close(new StreamResetError(code));
  }

  /** The connection is over; `null` when our side closed it. */
  lose(error: Error | null): void {
    if (!(this.#end instanceof Error)) this.#close(error ?? "stopped");
    this.#owner.release(this);
  }

  #close(end: "stopped" | Error): void {
    this.#end = end;
    this.#buffer = new Uint8Array(0);
    this.#offset = 0;
    if (end === "stopped") this.#owner.release(this);
    this.#settle();
  }

  #settle(): void {
    const waiting = this.#waiting;
    if (waiting === null || (this.buffered === 0 && this.#end === null)) return;
    this.#waiting = null;
    if (this.buffered > 0) return waiting.resolve(this.#take());
    this.#owner.release(this);
    if (this.#end instanceof Error) waiting.reject(this.#end);
    else waiting.resolve(null);
  }

  #take(): Uint8Array {
    const size = this.#owner.pieceSize(Math.min(this.buffered, MAX_READ));
    const piece = this.#buffer.slice(this.#offset, this.#offset + size);
    this.#offset += size;
    this.onConsumed(size);
    return piece;
  }
}

/** The server's sending half; what it sends is in `to`. */
export class FakeSendStream implements QuicSendStream {
  readonly id: StreamId;
  readonly #owner: HalfOwner;
  readonly #to: FakeInbox;
  readonly #sender: Sender;
  #abandoned = false;
  #stopped = false;

  /** @param credit Bytes the client takes before it gives more credit. */
  constructor(id: StreamId, owner: HalfOwner, to: FakeInbox, credit: number) {
    this.id = id;
    this.#owner = owner;
    this.#to = to;
    this.#sender = new Sender(to, credit);
    to.onAllow = (bytes) => this.#sender.grant(bytes);
    to.onStop = (code) => {
      this.#stopped = true;
      this.#sender.fail(new StreamStoppedError(code));
    };
  }

  /** Whether it was given up. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Writes that wait for credit. */
  get pending(): number {
    return this.#sender.pending;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#abandoned) throw new Error(`Stream ${this.id}: cannot write after abandon()`);
    const written = this.#sender.write(bytes);
    written.catch(() => {}); // whoever does not wait for it does not want to know
    return written;
  }

  finish(): Promise<void> {
    if (this.#abandoned) throw new Error(`Stream ${this.id}: cannot finish after abandon()`);
    const finished = this.#sender.finish();
    const release = () => this.#owner.release(this);
    finished.then(release, release);
    return finished;
  }

  abandon(): void {
    if (this.#sender.finished || this.#abandoned) return;
    this.#abandoned = true;
    // What the peer has stopped is reset, not left open.
    if (this.#stopped) this.#owner.release(this);
    else this.#owner.changed();
  }

  setSendOrder(order: number): void {
    this.#to.sendOrder = order;
    this.#owner.changed();
  }

  /** The connection is over. */
  lose(error: Error): void {
    this.#sender.fail(error);
    this.#owner.release(this);
  }
}

/** What the client got of one stream. */
export class FakeInbox implements Sink {
  /** FIN came. */
  fin = false;
  /** Code of the server's RESET_STREAM. The port cannot send one, so `null`; here for a test that proves it. */
  resetCode: number | null = null;
  /** What the server set last. */
  sendOrder = 0;
  /** Set by the sending half. */
  onAllow: (bytes: number) => void = () => {};
  /** Set by the sending half. */
  onStop: (code: number) => void = () => {};
  readonly #changed: () => void;
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  #taken = 0;

  /** @param changed Called after every change. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** All bytes so far. */
  get bytes(): Uint8Array {
    // Joined late, on purpose: a server that reuses an array it has given away spoils its own bytes, and is found out.
    return concat(this.#pieces);
  }

  /** Number of bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** The bytes that came since the last call. */
  take(): Uint8Array {
    const taken = concat(this.#pieces.slice(this.#taken));
    this.#taken = this.#pieces.length;
    return taken;
  }

  receive(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    this.#changed();
  }

  finish(): void {
    this.fin = true;
    this.#changed();
  }

  reset(code: number): void {
    this.resetCode = code;
    this.#changed();
  }
}
