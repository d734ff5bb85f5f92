/**
 * `wsgi.input`: collecting the request content, and the file-like object over it.
 *
 * @see {@link https://peps.python.org/pep-3333/#input-and-error-streams | PEP 3333, Input and Error Streams}
 * @module
 */

import type { Exchange } from "../exchange.ts";
import { getField } from "../fields.ts";
import type { WSGIInput } from "./wsgi_types.ts";

/** Bytes that own an ordinary (not shared) buffer, as web APIs want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const EMPTY: Bytes = new Uint8Array(0);

const LINE_FEED = 0x0a;

/**
 * Reads the whole request content into memory.
 *
 * A declared length beyond the limit is refused without reading anything; one within it is allocated at
 * once, which costs no memory before the bytes arrive and no copy later. Content of unknown length costs
 * at most twice its size: pieces are copied into one growing buffer, because a list of them would let a
 * client that sends single bytes use a hundred times `maxBytes`. Content in one piece is not copied.
 *
 * @param maxBytes Largest acceptable content, in bytes.
 * @returns The content, or `null` when it is larger than `maxBytes`; the rest is left unread then.
 * @throws {DisconnectError} When the client left before the end.
 */
export async function readContent(exchange: Exchange, maxBytes: number): Promise<Bytes | null> {
  const declared = declaredLength(exchange);
  if (declared > maxBytes) return null;
  let content = EMPTY;
  let length = 0;
  for (;;) {
    const piece = await exchange.read();
    if (piece === null) break;
    const total = length + piece.length;
    if (total > maxBytes) return null;
    if (length === 0) {
      content = withOrdinaryBuffer(piece);
    } else {
      // The first piece fills its view exactly, so the driver's memory is never written to.
      if (total > content.length) content = grow(content, Math.max(total, declared), maxBytes);
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

/**
 * {@link WSGIInput} over content in memory, with the semantics of Python's `io.BytesIO`.
 *
 * What it returns are views of the content, not copies: an application that changes them changes what
 * a later view of the same bytes shows.
 */
export class MemoryInput implements WSGIInput {
  readonly #content: Bytes;
  #position = 0;

  /** Makes an input that stands at its start. @param content The whole request content; not copied. */
  constructor(content: Bytes) {
    this.#content = content;
  }

  read(size?: number): Bytes {
    return this.#take(this.#limit(size));
  }

  readline(size?: number): Bytes {
    const feed = this.#content.indexOf(LINE_FEED, this.#position);
    const lineEnd = feed === -1 ? this.#content.length : feed + 1;
    return this.#take(Math.min(lineEnd, this.#limit(size)));
  }

  readlines(hint?: number): Bytes[] {
    const lines: Bytes[] = [];
    // Unlike a size, a hint of 0 means no limit (Python's `io.IOBase.readlines`).
    const stop = typeof hint === "number" && hint > 0 ? this.#limit(hint) : this.#content.length;
    while (this.#position < stop) lines.push(this.readline());
    return lines;
  }

  *[Symbol.iterator](): IterableIterator<Bytes> {
    while (this.#position < this.#content.length) yield this.readline();
  }

  /** Offset at which a read of `size` bytes ends at the latest; absent or negative is no limit. */
  #limit(size: number | undefined): number {
    const end = this.#content.length;
    // `null` stands for "no size", as `None` does in Python; comparing it would make it 0.
    if (typeof size !== "number" || !(size >= 0)) return end;
    return Math.min(end, this.#position + Math.trunc(size));
  }

  #take(end: number): Bytes {
    const piece = this.#content.subarray(this.#position, end);
    this.#position += piece.length;
    return piece;
  }
}
