/**
 * One WebSocket after its handshake, without the transport: bytes in, events and bytes out.
 *
 * Theory of operation. A WebSocket is *open* until a Close frame goes in either direction. Ours makes it *closing*: the
 * peer may be in the middle of a message, so that we read on, for a time, until its Close frame comes. The peer's Close
 * frame is answered at once, and then the WebSocket is *closed*, as it is when the peer breaks a rule, is silent for too
 * long, or its stream ends. Nothing that comes later is looked at (RFC 6455 §1.4, §7.1.7), and what waits to be sent may
 * be sent still: at its end is our Close frame.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-7 | RFC 6455 §7}
 * @module
 */

import { isCloseCode, isCloseReason, truncateCloseReason } from "../websocket_close.ts";
import { ControlBudget } from "./budget.ts";
import { type CloseStatus, encodeClosePayload } from "./close_payload.ts";
import type { DeflateOptions } from "./deflate.ts";
import { CLOSE, WebSocketError } from "./errors.ts";
import type { Closed, MachineEvent, Received } from "./events.ts";
import { OPCODE, type Role } from "./frames.ts";
import { Keepalive } from "./keepalive.ts";
import { MAX_FRAGMENTS } from "./limits.ts";
import { MessageReader } from "./message_reader.ts";
import { type MaskSource, MessageWriter } from "./message_writer.ts";
import { Outbox } from "./outbox.ts";

/** What a {@linkcode WebSocketMachine} is to do and to allow. */
export interface MachineOptions {
  /** Which end this is. */
  readonly role: Role;
  /** Where a client has its masks from; must be given for clients alone. */
  readonly mask?: MaskSource;
  /** Bytes of one message that may come; larger ones end the WebSocket with 1009. */
  readonly maxMessageSize: number;
  /** Frames of one message that may come; more end the WebSocket with 1008. Default {@linkcode MAX_FRAGMENTS}. */
  readonly maxFragments?: number;
  /** Bytes of payload of the frames that larger messages are sent in. Default `Infinity`: one frame for each. */
  readonly fragmentSize?: number;
  /**
   * Milliseconds of silence before a ping; a peer that is silent for as long again ends with 1011. Default `Infinity`.
   */
  readonly pingInterval?: number;
  /** Milliseconds that the peer has to answer our Close frame. */
  readonly closeTimeout: number;
  /** Compression, where it was agreed on; default none. */
  readonly deflate?: DeflateOptions | null;
}

/** Where a WebSocket is between its handshake and its end. */
export type MachineState = "open" | "closing" | "closed";

/** Code and reason for {@linkcode WebSocketMachine.close}. */
export interface CloseOptions {
  /** Default 1000. */
  readonly code?: number;
  /** At most 123 bytes of UTF-8; default `""`. */
  readonly reason?: string;
}

const EMPTY = new Uint8Array(0);

/**
 * One end of one WebSocket. Times are milliseconds of a monotonic clock.
 *
 * Nothing is sent from here and nothing waits here: after every call take the events from {@linkcode next}, then write
 * what {@linkcode take} has, and call {@linkcode tick} when {@linkcode deadline} has come. After the `"closed"` event
 * and the last bytes the stream is to be ended.
 */
export class WebSocketMachine {
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  readonly #outbox = new Outbox();
  readonly #budget: ControlBudget;
  readonly #keepalive: Keepalive;
  readonly #closeTimeout: number;
  #closeDeadline = Infinity;
  #state: MachineState = "open";
  /** Whether the peer's stream has ended. */
  #ended = false;
  #now: number;
  /** The last event, until it is taken. */
  #closed: Closed | null = null;

  /**
   * Makes an open WebSocket.
   *
   * @param now When the handshake was done.
   * @throws {TypeError} When a client has no masks, or a server has.
   * @throws {RangeError} When fragments would have no bytes.
   */
  constructor(options: MachineOptions, now: number) {
    const { role, mask = null, deflate = null, fragmentSize = Infinity } = options;
    if ((role === "client") !== (mask !== null)) {
      throw new TypeError(`Cannot make a ${role}: expected masks for clients and none for servers`);
    }
    if (!(fragmentSize >= 1)) {
      throw new RangeError(`Cannot send fragments of ${fragmentSize} bytes: expected 1 or more`);
    }
    this.#reader = new MessageReader({
      role,
      maxMessageSize: options.maxMessageSize,
      maxFragments: options.maxFragments ?? MAX_FRAGMENTS,
      codec: deflate?.codec ?? null,
    });
    this.#writer = new MessageWriter({ mask, fragmentSize, deflate });
    this.#budget = new ControlBudget(now);
    this.#keepalive = new Keepalive(options.pingInterval ?? Infinity, now);
    this.#closeTimeout = options.closeTimeout;
    this.#now = now;
  }

  /** Where it is now. */
  get state(): MachineState {
    return this.#state;
  }

  /** Bytes that wait in {@linkcode take}. */
  get pendingBytes(): number {
    return this.#outbox.size;
  }

  /** When {@linkcode tick} has to be called; `Infinity` for never. */
  get deadline(): number {
    if (this.#state === "closed") return Infinity;
    return this.#state === "open" ? this.#keepalive.deadline : this.#closeDeadline;
  }

  /** Takes bytes from the peer, which belong to the machine from then on: it unmasks them where they are. */
  receive(bytes: Uint8Array, now: number): void {
    if (this.#state === "closed") return;
    this.#now = now;
    this.#keepalive.alive(now);
    this.#reader.receive(bytes);
  }

  /** The peer's stream ended, or broke off. */
  finish(): void {
    this.#ended = true;
  }

  /**
   * What happened next; `null` for nothing. Bytes are read as far as they are asked for, so that who does not ask holds
   * them back.
   */
  next(): MachineEvent | null {
    if (this.#state !== "closed") {
      const received = this.#read();
      if (received?.type === "close") this.#receiveClose(received);
      else if (received !== null) return received;
      else if (this.#ended) this.#end(ABNORMAL, null);
    }
    const closed = this.#closed;
    this.#closed = null;
    return closed;
  }

  /**
   * Queues a message; bytes are copied.
   *
   * @returns Whether it will be sent: not after a Close frame went either way.
   */
  send(data: string | Uint8Array): boolean {
    if (this.#state !== "open") return false;
    for (const frame of this.#writer.encode(data)) this.#outbox.push(frame);
    return true;
  }

  /**
   * Begins the close handshake; does nothing when the WebSocket is not open any more.
   *
   * @throws {RangeError} For a code or a reason that cannot be sent.
   */
  close({ code = CLOSE.NORMAL, reason = "" }: CloseOptions, now: number): void {
    if (!isCloseCode(code)) {
      throw new RangeError(`Cannot close with code ${code}: it must not be sent`);
    }
    if (!isCloseReason(reason)) {
      throw new RangeError("Cannot close: expected a reason of at most 123 bytes of UTF-8");
    }
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#closeDeadline = now + this.#closeTimeout;
    this.#reader.discard();
    this.#pushClose({ code, reason });
  }

  /**
   * Does what is due. Not to be called while the peer is kept from sending, as its silence would count.
   *
   * @param now The time, before or after {@linkcode deadline}.
   */
  tick(now: number): void {
    if (this.#state === "closing" && now >= this.#closeDeadline) this.#end(ABNORMAL, null);
    if (this.#state !== "open" || this.#reader.pending) return;
    const action = this.#keepalive.tick(now);
    if (action === "ping") this.#outbox.push(this.#writer.control(OPCODE.PING, EMPTY));
    if (action === "give up") {
      this.#fail(
        new WebSocketError(CLOSE.INTERNAL_ERROR, "Cannot go on: the ping was not answered"),
      );
    }
  }

  /** The next bytes to send: one frame, so that others may come between those of a message. `null` for nothing. */
  take(): Uint8Array<ArrayBuffer> | null {
    return this.#outbox.take();
  }

  /** What the peer says next; ends the WebSocket when that is against the rules. */
  #read(): Received | null {
    try {
      const received = this.#reader.next();
      if (received?.type === "ping") this.#answer(received.payload);
      else if (received?.type === "pong") this.#budget.spend(this.#now);
      return received;
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      this.#fail(error);
      return null;
    }
  }

  #answer(payload: Uint8Array): void {
    this.#budget.spend(this.#now);
    this.#outbox.pushPong(this.#writer.control(OPCODE.PONG, payload));
  }

  /** Answers with the same code, unless this is the answer (RFC 6455 §5.5.1). */
  #receiveClose({ code, reason }: CloseStatus): void {
    if (this.#state === "open") this.#pushClose({ code, reason: "" });
    this.#end({ code, reason }, null);
  }

  /** Ends the WebSocket for an error (RFC 6455 §7.1.7). What was not sent is dropped, as the peer is not to be trusted. */
  #fail(error: WebSocketError): void {
    if (this.#state === "open") {
      this.#outbox.clear();
      this.#pushClose({ code: error.code, reason: truncateCloseReason(error.message) });
    }
    this.#end(ABNORMAL, error);
  }

  /** The first end is the one that counts. */
  #end({ code, reason }: CloseStatus, error: WebSocketError | null): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closed = { type: "closed", code, reason, error };
  }

  #pushClose(status: CloseStatus): void {
    this.#outbox.push(this.#writer.control(OPCODE.CLOSE, encodeClosePayload(status)));
  }
}

/** No Close frame came. */
const ABNORMAL: CloseStatus = { code: CLOSE.ABNORMAL, reason: "" };
