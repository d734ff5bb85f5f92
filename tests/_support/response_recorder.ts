/**
 * The response half that both fakes of `fake_exchange.ts` share: records what was sent, holds writes
 * back on command, and fails when the client leaves. Import the fakes, not this file.
 *
 * @module
 */

import type { Content } from "../../src/content.ts";
import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import type {
  ResponseCall,
  ResponseHead,
  ResponseWriter,
  WebSocketCall,
} from "../../src/exchange.ts";
import { type FieldList, getField } from "../../src/fields.ts";

export type { Content };

/** Bytes of `content`; a `Uint8Array` is returned as it is, not copied. */
export function toBytes(content: Content): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/**
 * Lets everything that can run without outside help run, then resolves (one turn of the event loop).
 *
 * The fakes use no I/O and no timers, so after it a handler is either done or really waiting. Prefer
 * `until()` for "this will happen"; use this only for "nothing more happens".
 */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Calls that the fakes record. */
export type RecordedCall = ResponseCall | WebSocketCall | "read";

/** Records a response. */
export abstract class ResponseRecorder implements ResponseWriter {
  /** Every legal call in order, e.g. `["read", "respond", "write", "end"]`; refused calls are absent. */
  readonly calls: RecordedCall[] = [];
  /** What `respond` was given; `null` before. */
  head: ResponseHead | null = null;
  /** What `write` was given, chunk by chunk, the same objects (HEAD and 204 suppress nothing here). */
  readonly chunks: Uint8Array[] = [];
  /** What `end` was given; `null` if nothing. */
  sentTrailers: FieldList | null = null;
  /** What `abort` was given first; `null` if it was not called. */
  abortReason: Error | null = null;

  readonly #client = new AbortController();
  readonly #waiters = new Set<{ call: RecordedCall; count: number; resolve: () => void }>();
  readonly #heldWrites: PromiseWithResolvers<void>[] = [];
  #holding = false;

  /** Looks the call up in the state table. Throws `ApplicationError` when it is out of order. */
  protected abstract advance(call: "respond" | "write" | "end" | "abort"): void;

  /** Says whether the response is over, so that the client cannot leave early any more. */
  protected abstract readonly over: boolean;

  /** Says whether `end` need not compare the content with `content-length` (HEAD). */
  protected abstract readonly lengthIsFree: boolean;

  /** Aborts when {@link disconnect} is called; its reason is the `DisconnectError`. */
  get signal(): AbortSignal {
    return this.#client.signal;
  }

  /** The whole content that was written. */
  get content(): Uint8Array {
    const content = new Uint8Array(this.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let offset = 0;
    for (const chunk of this.chunks) {
      content.set(chunk, offset);
      offset += chunk.length;
    }
    return content;
  }

  /** The whole content, decoded as UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.content);
  }

  /** First value of a response field, or `undefined`; also before `respond`. */
  field(name: string): string | undefined {
    return this.head === null ? undefined : getField(this.head.fields, name);
  }

  /** Resolves when `call` was made `count` times (default once), at once if it already was. */
  until(call: RecordedCall, count = 1): Promise<void> {
    if (this.#count(call) >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.add({ call, count, resolve }));
  }

  /** From now on every `write` stays pending (the client does not read). */
  holdWrites(): void {
    this.#holding = true;
  }

  /** Number of writes that are pending. */
  get heldWrites(): number {
    return this.#heldWrites.length;
  }

  /** Settles the oldest pending write; later ones stay held. Throws when none is pending. */
  settleWrite(): void {
    const held = this.#heldWrites.shift();
    if (held === undefined) throw new Error("Cannot settle a write: none is pending");
    held.resolve();
  }

  /** Settles all pending writes and holds no more. */
  releaseWrites(): void {
    this.#holding = false;
    while (this.heldWrites > 0) this.settleWrite();
  }

  /**
   * The client leaves: `signal` aborts, pending and later reads, writes and ends reject with the
   * returned `DisconnectError`. Does nothing to a complete response, as the rules of `Exchange` say.
   */
  disconnect(error: DisconnectError = new DisconnectError()): DisconnectError {
    if (this.over || this.signal.aborted) return error;
    this.#client.abort(error);
    for (const held of this.#heldWrites.splice(0)) held.reject(error);
    return error;
  }

  // deno-lint-ignore require-await -- async turns the thrown state errors into rejections
  async respond(head: ResponseHead): Promise<void> {
    this.advance("respond");
    this.head = head;
    this.record("respond");
  }

  async write(content: Content): Promise<void> {
    const chunk = toBytes(content);
    this.advance("write");
    this.signal.throwIfAborted();
    this.chunks.push(chunk);
    const held = this.#holding ? Promise.withResolvers<void>() : null;
    if (held !== null) this.#heldWrites.push(held);
    this.record("write");
    await held?.promise;
  }

  // deno-lint-ignore require-await -- as above
  async end(trailers?: FieldList): Promise<void> {
    this.advance("end");
    this.signal.throwIfAborted();
    this.sentTrailers = trailers ?? null;
    this.record("end");
    this.#checkLength();
  }

  abort(error: Error): void {
    this.advance("abort");
    this.abortReason ??= error;
    for (const held of this.#heldWrites.splice(0)) held.reject(error);
    this.record("abort");
  }

  /** Notes a legal call and wakes who waits for it. */
  protected record(call: RecordedCall): void {
    this.calls.push(call);
    for (const waiter of this.#waiters) {
      if (waiter.call !== call || this.#count(call) < waiter.count) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #count(call: RecordedCall): number {
    return this.calls.filter((made) => made === call).length;
  }

  /** The duty of every driver's `end`, see `ResponseWriter.end`. */
  #checkLength(): void {
    const declared = this.field("content-length");
    const status = this.head?.status;
    if (declared === undefined || this.lengthIsFree || status === 204 || status === 304) return;
    const written = this.content.length;
    if (Number(declared) === written) return;
    throw new ApplicationError(
      `Cannot end the response: content-length is ${declared}, but ${written} bytes were written`,
    );
  }
}
