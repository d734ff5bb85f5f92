/**
 * Messages on their way to a WebSocket client that may not read them.
 *
 * The runtime takes whatever it is given and does not let go of it before the client has read it or left, even when the
 * connection is cut. So it is given little at a time, and the rest waits here, where it can be dropped. It has no event
 * for messages that were sent: while somebody waits for that, a timer looks.
 *
 * @module
 */

import {
  RESPONSE_STALL_MS,
  WEBSOCKET_BACKLOG_OVERHEAD_BYTES,
  WEBSOCKET_MAX_BACKLOG_BYTES,
  WEBSOCKET_SEND_BUFFER_BYTES,
  WEBSOCKET_SEND_BUFFER_MESSAGES,
} from "../limits.ts";
import { DeadlineClock, type Expiring } from "./deadline_clock.ts";
import { Fifo } from "../fifo.ts";
import { sizeOf } from "./serve_observation.ts";
import type { MessageData, NativeSocket } from "./socket_internals.ts";

/** What may be passed to `send()`. */
export type SendData = MessageData | Blob;

/** Limits of one outbox, and who is told that they were exceeded. */
export interface OutboxSettings {
  /** Bytes that may wait; default `WEBSOCKET_MAX_BACKLOG_BYTES`. */
  readonly maxBacklogBytes?: number;
  /** Milliseconds without a message taken; default `RESPONSE_STALL_MS`. See {@link SocketOutbox}. */
  readonly stallMs?: number;
}

/** Is told why the client has to be cut: one of few reasons, and more about this one. */
export type OutboxFailure = (reason: string, detail?: string) => void;

/**
 * First and longest wait, in milliseconds, between looks. The waits double, so that many clients that do not read cost
 * little.
 */
const [FIRST_LOOK_MS, LONGEST_LOOK_MS] = [2, 256];

/** Messages the runtime gets before it is asked how much of them it has queued: asking is a good part of what a small one costs. */
const UNASKED_MESSAGES = WEBSOCKET_SEND_BUFFER_MESSAGES / 4;

/** How the log calls it. */
const TOO_MUCH = "it does not read, and too much waits for it (WEBSOCKET_MAX_BACKLOG_BYTES)";
const UNREADABLE = "a Blob for it cannot be read";
const STALLED = "it does not read its messages (RESPONSE_STALL_MS)";

/** Time of everything that waits for clients. One for the process: it runs only while something does. */
export const socketClock: DeadlineClock = new DeadlineClock();

/**
 * What one WebSocket sends.
 *
 * A client that takes no message for `stallMs`, while more than the runtime's share is queued, has stalled. How far it
 * is within a message cannot be seen, so it has that time for each MiB of the largest.
 */
export class SocketOutbox implements Expiring {
  deadline = Infinity;
  readonly #native: NativeSocket;
  readonly #settings: OutboxSettings;
  readonly #fail: OutboxFailure;
  readonly #waiting = new Fifo<MessageData | Blob>();
  #waitingBytes = 0;
  /** A `Blob` is being read; what comes after it waits. */
  #reading = false;
  /** Messages the runtime got since it last had none. */
  #handed = 0;
  /** What it had queued at the last look. */
  #seen = 0;
  /** What it has queued at most: that, and what it got since. */
  #most = 0;
  #watched = false;
  #progress = false;
  /** Times that the clock came round without progress. */
  #rounds = 0;
  /** Bytes of the largest message since it is watched. */
  #largest = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delay = FIRST_LOOK_MS;
  readonly #waiters: (() => void)[] = [];
  #atEnd: (() => void) | undefined;
  #finishing = false;
  #over = false;

  /** @param fail Is told why the client has to be cut. */
  constructor(native: NativeSocket, settings: OutboxSettings, fail: OutboxFailure) {
    this.#native = native;
    this.#settings = settings;
    this.#fail = fail;
  }

  /** Bytes that wait here or with the runtime. */
  get left(): number {
    return this.#waitingBytes + this.#native.buffered;
  }

  /** Sends or queues a message. The caller may change its bytes afterwards. */
  send(data: SendData): void {
    const direct = (typeof data === "string" || !(data instanceof Blob)) && this.#isEmpty();
    if (!direct || !this.#hasRoom()) return this.#enqueue(data);
    this.#hand(data);
    if (!this.#hasRoom()) this.#watch();
  }

  /** Settles when the next message could be sent at once; `undefined` when that is now. */
  ready(): Promise<void> | undefined {
    if (this.#over || (this.#isEmpty() && this.#hasRoom())) return undefined;
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#schedule();
    });
  }

  /** Calls `act` when the runtime has all messages. From then on a client stalls with any message. */
  finish(act: () => void): void {
    this.#finishing = true;
    if (this.left > 0) this.#watch();
    if (this.#isEmpty()) return act();
    this.#atEnd = act;
  }

  /** Drops what waits and looks no more, for good. */
  discard(): void {
    this.#over = true;
    this.#waiting.clear();
    this.#waitingBytes = 0;
    clearTimeout(this.#timer);
    socketClock.delete(this);
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Looks whether the client took something. */
  expire(): void {
    const room = this.#hasRoom();
    if (this.#finishing ? this.left === 0 : room && this.#isEmpty()) return this.#unwatch();
    this.#rounds = this.#progress ? 0 : this.#rounds + 1;
    this.#progress = false;
    const patience = Math.ceil(this.#largest / WEBSOCKET_SEND_BUFFER_BYTES);
    if (this.#rounds >= Math.max(patience, 1)) this.#fail(STALLED);
    else socketClock.arm(this, this.#settings.stallMs ?? RESPONSE_STALL_MS);
  }

  #isEmpty(): boolean {
    return this.#waiting.size === 0 && !this.#reading;
  }

  /**
   * Whether the runtime may get more. It need not be asked when it may even if it has sent nothing yet; but once watched
   * it is, before and after every message, so that no progress is missed.
   */
  #hasRoom(): boolean {
    const few = this.#handed < UNASKED_MESSAGES && this.#most <= WEBSOCKET_SEND_BUFFER_BYTES;
    if (few && !this.#watched) return true;
    const buffered = this.#native.buffered;
    if (buffered < this.#seen) this.#progress = true;
    this.#seen = this.#most = buffered;
    if (buffered === 0) this.#handed = 0;
    return buffered <= WEBSOCKET_SEND_BUFFER_BYTES &&
      this.#handed < WEBSOCKET_SEND_BUFFER_MESSAGES;
  }

  #hand(data: MessageData): void {
    this.#handed++;
    this.#native.send(data);
    const size = typeof data === "string" ? data.length : data.byteLength;
    this.#most += typeof data === "string" ? size * 3 : size; // in UTF-8
    if (size > this.#largest) this.#largest = size;
  }

  #enqueue(data: SendData): void {
    const limit = this.#settings.maxBacklogBytes ?? WEBSOCKET_MAX_BACKLOG_BYTES;
    if (this.#waitingBytes + this.#waiting.size * WEBSOCKET_BACKLOG_OVERHEAD_BYTES > limit) {
      return this.#fail(TOO_MUCH);
    }
    const copy = copyOf(data);
    this.#waiting.push(copy);
    this.#waitingBytes += messageSize(copy);
    this.#watch();
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#look(), this.#delay);
  }

  #look(): void {
    this.#timer = undefined;
    const before = this.#seen;
    this.#pump();
    const room = this.#hasRoom();
    if (room && this.#isEmpty()) return this.#settle();
    this.#delay = this.#seen < before ? FIRST_LOOK_MS : Math.min(this.#delay * 2, LONGEST_LOOK_MS);
    this.#schedule();
  }

  #settle(): void {
    this.#delay = FIRST_LOOK_MS;
    for (const resolve of this.#waiters.splice(0)) resolve();
    const act = this.#atEnd;
    this.#atEnd = undefined;
    act?.();
  }

  #pump(): void {
    while (!this.#reading && this.#waiting.size > 0 && this.#hasRoom()) {
      const data = this.#waiting.shift()!;
      if (data instanceof Blob) this.#read(data);
      else this.#handWaiting(data);
    }
  }

  #handWaiting(data: MessageData): void {
    this.#waitingBytes -= messageSize(data);
    this.#hand(data);
  }

  async #read(blob: Blob): Promise<void> {
    this.#reading = true;
    try {
      const bytes = await blob.arrayBuffer();
      if (!this.#over) this.#handWaiting(bytes);
    } catch (error) {
      if (!this.#over) this.#fail(UNREADABLE, String(error));
    } finally {
      this.#reading = false;
    }
  }

  #watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    this.#progress = false;
    this.#rounds = 0;
    socketClock.add(this, this.#settings.stallMs ?? RESPONSE_STALL_MS);
  }

  #unwatch(): void {
    this.#watched = false;
    this.#largest = 0;
    socketClock.delete(this);
  }
}

/** Bytes of a message, in UTF-8 for text. */
export function messageSize(data: SendData): number {
  if (data instanceof Blob) return data.size;
  return typeof data === "object" ? data.byteLength : sizeOf(data);
}

/** Whether a message has so many bytes at most; text is only encoded where its length leaves that open. */
export function isWithin(limit: number, data: string | ArrayBuffer): boolean {
  if (typeof data !== "string") return data.byteLength <= limit;
  return data.length * 3 <= limit || (data.length <= limit && sizeOf(data) <= limit);
}

function copyOf(data: SendData): MessageData | Blob {
  if (typeof data !== "object" || data instanceof Blob) return data;
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data).slice();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}
