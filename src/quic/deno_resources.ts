/**
 * Halves of streams by the id of their resource: about twice as fast as web streams, and a quarter of the memory per
 * open stream.
 *
 * `Deno[Deno.internal]` is not documented. So everything used of it is looked for first, and web streams are taken
 * where it is missing.
 *
 * @module
 */

import type { Backend, BackendName, HalfOwner } from "./deno_connection.ts";
import { ignore, receiveError, sendError } from "./deno_errors.ts";
import { streamBackend } from "./deno_streams.ts";
import { borrowBuffer, isSparse, nextReadSize, returnBuffer, SMALL_READ } from "./read_buffer.ts";
import {
  ConnectionLostError,
  type QuicReceiveStream,
  type QuicSendStream,
  type StreamId,
  type StreamStoppedError,
} from "./transport.ts";

/** What is used of the runtime's core. */
interface Core {
  /** Number of bytes read, 0 at the end. */
  read(rid: number, into: Uint8Array): Promise<number>;
  /** Settles when all was taken. */
  writeAll(rid: number, bytes: Uint8Array): Promise<void>;
}

/**
 * Why the runtime's stream is closed; nobody sees it. The streams close themselves, rather than their resources being
 * closed behind their backs: only so are they taken out of the runtime's list of what to close after collection, and
 * everything on that list survives the short collections. That is a quarter of the time of a small request. A reason
 * spares the runtime making one, with a stack.
 */
const OVER = new Error("The stream is over");

const DONE: Promise<void> = Promise.resolve();
const END: Promise<null> = Promise.resolve(null);

/** The back-end by resource id, or `null` where this runtime does not have it. */
export function resourceBackend(): Backend | null {
  const core = findCore();
  return core && new ResourceBackend(core);
}

function findCore(): Core | null {
  const { internal } = Deno as unknown as { readonly internal?: symbol };
  if (internal === undefined) return null;
  const { core } =
    (Deno as unknown as Record<symbol, { readonly core?: Partial<Core> }>)[internal] ?? {};
  const isComplete = typeof core?.read === "function" && typeof core.writeAll === "function";
  return isComplete ? core as Core : null;
}

/** Falls back to web streams at the first stream that does not show the id of its resource. */
class ResourceBackend implements Backend {
  readonly #core: Core;
  #key: symbol | undefined;
  #fallback: Backend | null = null;

  constructor(core: Core) {
    this.#core = core;
  }

  get name(): BackendName {
    return this.#fallback === null ? "resources" : this.#fallback.name;
  }

  receive(stream: Deno.QuicReceiveStream, owner: HalfOwner): QuicReceiveStream {
    const rid = this.#resourceOf(stream);
    return rid === undefined
      ? streamBackend.receive(stream, owner)
      : new ResourceReceiveStream(this.#core, rid, stream, owner);
  }

  send(stream: Deno.QuicSendStream, owner: HalfOwner, id?: StreamId): QuicSendStream {
    const rid = this.#resourceOf(stream);
    return rid === undefined
      ? streamBackend.send(stream, owner, id)
      : new ResourceSendStream(this.#core, rid, stream, owner, id);
  }

  #resourceOf(stream: object): number | undefined {
    this.#key ??= Object.getOwnPropertySymbols(stream)
      .find(({ description }) => description === "[[resourceBacking]]");
    const backing = this.#key &&
      (stream as Record<symbol, { readonly rid?: unknown } | undefined>)[this.#key];
    if (typeof backing?.rid === "number") return backing.rid;
    this.#fallback = streamBackend;
    return undefined;
  }
}

class ResourceReceiveStream implements QuicReceiveStream {
  readonly id: StreamId;
  readonly #core: Core;
  readonly #rid: number;
  readonly #owner: HalfOwner;
  readonly #slot: number;
  /** Held, and nothing else: its finalizer would close the resource. */
  readonly #stream: Deno.QuicReceiveStream;
  #size = SMALL_READ;
  #buffer: Uint8Array<ArrayBuffer> | null = null;
  #reading: PromiseWithResolvers<Uint8Array | null> | null = null;
  #end: Error | "end" | null = null;

  constructor(core: Core, rid: number, stream: Deno.QuicReceiveStream, owner: HalfOwner) {
    this.id = Number(stream.id);
    this.#core = core;
    this.#rid = rid;
    this.#owner = owner;
    this.#stream = stream;
    this.#slot = owner.halves.add(this);
  }

  read(): Promise<Uint8Array | null> {
    if (this.#end !== null) return this.#end === "end" ? END : Promise.reject(this.#end);
    const buffer = this.#buffer ??= borrowBuffer(this.#size);
    const reading = this.#reading = Promise.withResolvers<Uint8Array | null>();
    this.#core.read(this.#rid, buffer).then(
      (received) => this.#settle(received, buffer),
      (error) => this.#fail(error, buffer),
    );
    return reading.promise;
  }

  stop(): void {
    // A read that waits cannot be called off. It keeps the resource and its array until the peer sends something;
    // then they are dropped, and STOP_SENDING goes out.
    if (this.#end !== null) return;
    if (this.#reading === null && this.#buffer !== null) returnBuffer(this.#buffer);
    this.#close("end")?.resolve(null);
  }

  #settle(received: number, buffer: Uint8Array<ArrayBuffer>): void {
    if (received === 0 || this.#end !== null) {
      returnBuffer(buffer);
      if (this.#end === null) this.#close("end")?.resolve(null);
      return;
    }
    const reading = this.#reading;
    this.#reading = null;
    this.#size = nextReadSize(buffer.length, received);
    if (isSparse(received, buffer.length)) return reading?.resolve(buffer.slice(0, received));
    this.#buffer = null;
    reading?.resolve(buffer.subarray(0, received));
  }

  #fail(error: unknown, buffer: Uint8Array<ArrayBuffer>): void {
    returnBuffer(buffer);
    if (this.#end !== null) return;
    if (this.#owner.closedByUs) return this.#close("end")?.resolve(null);
    const reason = receiveError(error);
    this.#close(reason)?.reject(reason);
  }

  /** Ends the half and returns the read that waited. */
  #close(end: Error | "end"): PromiseWithResolvers<Uint8Array | null> | null {
    const reading = this.#reading;
    this.#end = end;
    this.#reading = null;
    this.#buffer = null;
    this.#stream.cancel(OVER).catch(ignore);
    this.#owner.halves.delete(this.#slot, this);
    return reading;
  }
}

class ResourceSendStream implements QuicSendStream {
  readonly id: StreamId;
  readonly #core: Core;
  readonly #rid: number;
  readonly #owner: HalfOwner;
  readonly #slot: number;
  readonly #stream: Deno.QuicSendStream;
  #last = DONE;
  /** Writes that have not settled, and those of them that have not begun. */
  #unsettled = 0;
  #queued = 0;
  #failure: StreamStoppedError | ConnectionLostError | null = null;
  #over = false;

  constructor(
    core: Core,
    rid: number,
    stream: Deno.QuicSendStream,
    owner: HalfOwner,
    id = Number(stream.id),
  ) {
    this.id = id;
    this.#core = core;
    this.#rid = rid;
    this.#owner = owner;
    this.#stream = stream;
    this.#slot = owner.halves.add(this);
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#unsettled === 0
      ? this.#core.writeAll(this.#rid, bytes)
      : this.#queue(bytes);
    this.#unsettled += 1;
    this.#last = written.then(() => this.#settle(), (error) => this.#fail(error));
    this.#last.catch(ignore); // whoever does not wait for it does not want to know
    return this.#last;
  }

  finish(): Promise<void> {
    if (this.#over) return this.#last;
    this.#over = true;
    // A write in progress keeps the resource by itself, and FIN follows it; one that is queued needs the id.
    if (this.#queued === 0) this.#close();
    else this.#last.then(() => this.#close(), () => this.#close());
    return this.#last;
  }

  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#failure !== null) this.#close();
  }

  setSendOrder(order: number): void {
    try {
      this.#stream.sendOrder = order;
    } catch {
      // the stream is over: nothing left to order
    }
  }

  /** Writes when what came before is written: of two writes at once the runtime mixes the parts. */
  #queue(bytes: Uint8Array): Promise<void> {
    this.#queued += 1;
    return this.#last.then(() => {
      this.#queued -= 1;
      return this.#core.writeAll(this.#rid, bytes);
    });
  }

  #settle(): void {
    this.#unsettled -= 1;
  }

  #fail(error: unknown): never {
    this.#unsettled -= 1;
    throw this.#failure ??= sendError(error);
  }

  #close(): void {
    // Closed, a stream that the peer has stopped is reset. Any other would get FIN and look complete.
    if (this.#failure instanceof ConnectionLostError) return;
    this.#stream.abort(OVER).catch(ignore); // which only closes: FIN, or RESET_STREAM where the peer stopped it
    this.#owner.halves.delete(this.#slot, this);
  }
}
