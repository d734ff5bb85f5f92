/**
 * What the two sides of a WebTransport session say about the session as a whole: capsules on the stream of its CONNECT
 * request.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-6 | WebTransport over HTTP/3 §6}
 * @module
 */

import { encodeCapsule, type Piece, PieceReader } from "../h3/mod.ts";
import { broken, CODE_BYTES, SESSION_CAPSULE, SessionPolicy } from "./capsules.ts";
import { MAX_CLOSE_REASON_BYTES } from "./limits.ts";

/** A datagram that came in a capsule instead of a packet of its own. */
export interface DatagramCapsule {
  /** What kind of event this is. */
  readonly type: "datagram";
  /** What it carries, in an array of its own. */
  readonly payload: Uint8Array;
}

/** The client wants the session to come to its end soon (§4.7). It may say so more than once. */
export interface DrainReceived {
  /** What kind of event this is. */
  readonly type: "drain";
}

/** The client closed the session. Nothing follows. */
export interface CloseReceived {
  /** What kind of event this is. */
  readonly type: "close";
  /** Code of the client's application, 0..2^32-1; 0 when there was none. */
  readonly code: number;
  /** Reason, at most 1024 bytes of UTF-8; `""` when there was none. */
  readonly reason: string;
}

/** What closes a session. */
export interface SessionClose {
  /** To be sent, and FIN right after it. */
  readonly capsule: Uint8Array<ArrayBuffer>;
  /** The reason as the client gets it. */
  readonly reason: string;
}

/** Something that the client says about its session. */
export type SessionEvent = DatagramCapsule | DrainReceived | CloseReceived;

const EMPTY = new Uint8Array(0);
const LARGEST_CODE = 0xffff_ffff;

const encoder = new TextEncoder();
/** `ignoreBOM` means to keep it: it is a character as any other. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The capsules of one session. Content of the CONNECT request goes in with `receive()` and `finish()`, in any split, once
 * the session was accepted; events come out of `next()`, one by one, so that a reader of tiny capsules can make a pause.
 * The capsules that `close()` and `drain()` return are content of the response.
 *
 * Once either side has closed the session nothing more is read, whatever comes.
 */
export class SessionMachine {
  readonly #reader: PieceReader;
  /** FIN came. */
  #finished = false;
  #over = false;

  /**
   * A session of which nothing has come.
   *
   * @param charge Called for each capsule that is legal and does nothing, as one of an unknown type: no single one is an
   *   error, a flood of them is. The first is free. What it throws `next()` throws.
   */
  constructor(charge: () => void = () => {}) {
    this.#reader = new PieceReader(new SessionPolicy(charge));
  }

  /** Takes content, which belongs to the machine from then on. What it says is in the next events. */
  receive(bytes: Uint8Array): void {
    if (!this.#over) this.#reader.receive(bytes);
  }

  /** The client sent FIN, which closes the session with code 0 unless it was closed before (§6). */
  finish(): void {
    this.#finished = true;
  }

  /**
   * The next event; `null` when more content is needed, and when the session is over.
   *
   * @throws {H3Error} H3_MESSAGE_ERROR of the stream for a capsule that is malformed, not allowed or truncated (RFC 9297
   *   §3.3). The session is over then, uncleanly.
   */
  next(): SessionEvent | null {
    if (this.#over) return null;
    try {
      const capsule = this.#reader.next();
      if (capsule !== null) return this.#read(capsule);
      return this.#finished ? this.#end() : null;
    } catch (error) {
      this.#over = true;
      throw error;
    }
  }

  /**
   * Closes the session (§6).
   *
   * @param code Code for the client's application.
   * @param reason Text for it; cut to {@linkcode MAX_CLOSE_REASON_BYTES} of UTF-8, at a character.
   * @throws {RangeError} When `code` is no integer from 0 to 2^32 - 1; the session goes on then.
   */
  close(code: number, reason: string): SessionClose {
    if (!Number.isInteger(code) || code < 0 || code > LARGEST_CODE) {
      throw new RangeError(
        `Cannot close the session with code ${code}: expected an integer from 0 to 2^32 - 1`,
      );
    }
    this.#over = true;
    const value = new Uint8Array(CODE_BYTES + MAX_CLOSE_REASON_BYTES);
    new DataView(value.buffer).setUint32(0, code);
    const { read, written } = encoder.encodeInto(reason, value.subarray(CODE_BYTES));
    return {
      capsule: encodeCapsule(SESSION_CAPSULE.CLOSE, value.subarray(0, CODE_BYTES + written)),
      reason: reason.slice(0, read).toWellFormed(), // as UTF-8 has no lone surrogates
    };
  }

  /** A capsule that asks the client to bring the session to its end; it goes on (§4.7). */
  drain(): Uint8Array<ArrayBuffer> {
    return encodeCapsule(SESSION_CAPSULE.DRAIN, EMPTY);
  }

  #read({ type, payload }: Piece): SessionEvent {
    switch (type) {
      case SESSION_CAPSULE.CLOSE:
        this.#over = true;
        return readClose(payload);
      case SESSION_CAPSULE.DRAIN:
        return { type: "drain" };
      default:
        // A view would keep all that came with it while it waits to be read.
        return { type: "datagram", payload: payload.slice() };
    }
  }

  #end(): CloseReceived {
    if (this.#reader.inside) throw broken("the content ends inside one");
    this.#over = true;
    return { type: "close", code: 0, reason: "" };
  }
}

function readClose(value: Uint8Array): CloseReceived {
  const code = new DataView(value.buffer, value.byteOffset).getUint32(0);
  try {
    return { type: "close", code, reason: decoder.decode(value.subarray(CODE_BYTES)) };
  } catch (cause) {
    throw broken("the reason of the close is not UTF-8", { cause });
  }
}
