/**
 * `wsgi.input`: collecting the request content, and the file-like object over it.
 *
 * Small content stays in memory; large content goes to a temporary file, see `wsgi_spool.ts`.
 *
 * @see {@link https://peps.python.org/pep-3333/#input-and-error-streams | PEP 3333, Input and Error Streams}
 * @module
 */

import type { Exchange } from "../exchange.ts";
import { getField } from "../fields.ts";
import { WSGI_SPOOL_BYTES } from "../limits.ts";
import type { Spool, SpooledInput } from "./wsgi_spool.ts";
import type { WSGIInput } from "../wsgi_types.ts";

/** Bytes that own an ordinary (not shared) buffer, as web APIs want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const EMPTY: Bytes = new Uint8Array(0);

/** End of a line of `wsgi.input`. */
export const LINE_FEED = 0x0a;

/**
 * Reads the whole request content, into memory or a temporary file.
 *
 * A declared length beyond the limit is refused without reading anything. Content that may not be spooled
 * is allocated at once when its length is declared, which costs no memory before the bytes arrive and no
 * copy later. Content in memory costs at most twice its size: pieces are copied into one growing buffer,
 * because a list of them would let a client that sends single bytes use a hundred times `maxBytes`.
 * Content in one piece is not copied.
 *
 * @param maxBytes Largest acceptable content, in bytes.
 * @param spool Takes content that is larger than {@link WSGI_SPOOL_BYTES}; `null` keeps all in memory.
 * @returns The content, or `null` when it is larger than `maxBytes`; the rest is left unread then. An
 * input is the caller's to close.
 * @throws {DisconnectError} When the client left before the end.
 */
export async function readContent(
  exchange: Exchange,
  maxBytes: number,
  spool: Spool | null,
): Promise<Bytes | SpooledInput | null> {
  const declared = declaredLength(exchange);
  if (declared > maxBytes) return null;
  let spoolAbove = spool === null ? Infinity : WSGI_SPOOL_BYTES;
  let content = EMPTY;
  let length = 0;
  for (;;) {
    const piece = await exchange.read();
    if (piece === null) break;
    const total = length + piece.length;
    if (total > maxBytes) return null;
    if (spool !== null && total > spoolAbove) {
      const file = await spool.open();
      if (file !== null) {
        return await file.collect(exchange, [content.subarray(0, length), piece], maxBytes);
      }
      spoolAbove = Infinity;
    }
    if (length === 0) {
      content = withOrdinaryBuffer(piece);
    } else {
      // The first piece fills its view exactly, so the driver's memory is never written to.
      if (total > content.length) {
        const hint = Math.min(declared, spoolAbove);
        content = grow(content, Math.max(total, hint), maxBytes);
      }
      content.set(piece, length);
    }
    length = total;
  }
  return length === content.length ? content : content.subarray(0, length);
}

/** Length the client declared, or 0: only a hint, since drivers and tests may give more or less. */
function declaredLength(exchange: Exchange): number {
  const declared = Number(getField(exchange.request.fields, "content-length") ?? 0);
  return Number.isNaN(declared) ? 0 : declared;
}

function withOrdinaryBuffer(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? bytes as Bytes : new Uint8Array(bytes);
}

/** Copies `content` to a buffer of at least `needed` bytes, and twice the old size so that appending is linear. */
function grow(content: Bytes, needed: number, maxBytes: number): Bytes {
  const grown = new Uint8Array(Math.min(maxBytes, Math.max(needed, content.length * 2)));
  grown.set(content);
  return grown;
}

/** The reading of PEP 3333, with the semantics of Python's `io.BytesIO`, wherever the content is. */
export abstract class ContentInput implements WSGIInput {
  /** Size of the whole content, in bytes. */
  readonly length: number;
  #position = 0;

  /** Makes an input that stands at its start. @param length Size of the whole content, in bytes. */
  constructor(length: number) {
    this.length = length;
  }

  /** The bytes from offset `start` to before `end`, which are inside the content. */
  protected abstract slice(start: number, end: number): Bytes;

  /** As {@link slice}, but to just after the first line feed if there is one. */
  protected abstract sliceLine(start: number, end: number): Bytes;

  read(size?: number): Bytes {
    return this.#advance(this.slice(this.#position, this.#limit(size)));
  }

  readline(size?: number): Bytes {
    return this.#advance(this.sliceLine(this.#position, this.#limit(size)));
  }

  readlines(hint?: number): Bytes[] {
    const lines: Bytes[] = [];
    // Unlike a size, a hint of 0 means no limit (Python's `io.IOBase.readlines`).
    const stop = typeof hint === "number" && hint > 0 ? this.#limit(hint) : this.length;
    while (this.#position < stop) lines.push(this.readline());
    return lines;
  }

  *[Symbol.iterator](): IterableIterator<Bytes> {
    while (this.#position < this.length) yield this.readline();
  }

  /** Offset at which a read of `size` bytes ends at the latest; absent or negative is no limit. */
  #limit(size: number | undefined): number {
    // `null` stands for "no size", as `None` does in Python; comparing it would make it 0.
    if (typeof size !== "number" || !(size >= 0)) return this.length;
    return Math.min(this.length, this.#position + Math.trunc(size));
  }

  #advance(piece: Bytes): Bytes {
    this.#position += piece.length;
    return piece;
  }
}

/**
 * {@link WSGIInput} over content in memory.
 *
 * What it returns are views of the content, not copies: an application that changes them changes what
 * a later view of the same bytes shows.
 */
export class MemoryInput extends ContentInput {
  readonly #content: Bytes;

  /** Makes an input that stands at its start. @param content The whole request content; not copied. */
  constructor(content: Bytes) {
    super(content.length);
    this.#content = content;
  }

  protected override slice(start: number, end: number): Bytes {
    return this.#content.subarray(start, end);
  }

  protected override sliceLine(start: number, end: number): Bytes {
    return this.slice(start, lineEnd(this.#content, start, end));
  }
}

function lineEnd(bytes: Bytes, start: number, end: number): number {
  const feed = bytes.indexOf(LINE_FEED, start);
  return feed === -1 ? end : Math.min(end, feed + 1);
}
