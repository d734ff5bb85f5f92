/**
 * The content of the runtime's own `Request`, counted and under a time-out whatever way a fetch application reads it.
 *
 * Content is read in two ways. Who asks for a stream gets one of ours that is read from the runtime's: so each piece can be
 * waited for, and counted. But that makes a small POST 45 % slower, and nearly every application wants the whole content,
 * by `json()` and its kin, which the runtime reads at once. So these are left to it where the client has declared a small
 * length, which the runtime sees to, and have a time for all of it instead: that of a single piece, and then as long as a
 * client takes that sends 1 KiB a second. Apache's `mod_reqtimeout` adds time for what came; what came cannot be seen
 * here, and time for what was only declared has to be little.
 *
 * To tell the two apart the request gets a prototype of its own, below that of `Request`: everything the platform does with
 * a request's content goes through one property of it, named by a symbol. Where a runtime has no such property, every
 * content is read through a stream of ours.
 *
 * @module
 */

import { ContentTooLargeError, DisconnectError, ReadTimeoutError } from "../errors.ts";
import type { ContentLimits } from "./request_content.ts";
import { fieldOf, replaceContent } from "./request_record.ts";
import { Wait } from "./wait.ts";

/** Bytes per millisecond that a client has to send at least where the whole content is read at once: 1 KiB a second. */
const LEAST_RATE = 1.024;

/**
 * Bytes of content that the runtime may read by itself: a silent client gains a minute at most by declaring them, and for
 * more of them a stream costs next to nothing beside what the content itself does.
 */
const MAX_DIRECT_BYTES = 64 * 1024;

/** Why content could not be read. */
export type ContentFailure = ContentTooLargeError | ReadTimeoutError;

/**
 * Watches the content of a native request that nobody has looked at yet.
 *
 * @param onStall Called when the client sends nothing for too long, before the reader is told.
 */
export function watchContent(
  request: Request,
  limits: ContentLimits,
  onStall: (error: ReadTimeoutError) => void,
): ContentWatch {
  const length = Number(fieldOf(request, "content-length") ?? NaN);
  const watch = new ContentWatch(limits, length, onStall);
  if (WATCHED !== null && length <= MAX_DIRECT_BYTES) {
    (request as Watched)[WATCH] = watch;
    Object.setPrototypeOf(request, WATCHED);
  } else watch.divert(request);
  return watch;
}

/** The content of one request. */
export class ContentWatch {
  /** Why reading failed, if it did. */
  failure: ContentFailure | null = null;
  /** Whether it is the runtime that reads. */
  direct = false;
  readonly #limits: ContentLimits;
  readonly #length: number;
  readonly #onStall: (error: ReadTimeoutError) => void;
  #wait: Wait | undefined;
  #fail: ((reason: ContentFailure) => void) | undefined;
  #diverted = false;
  #begun = false;

  /** @param length Bytes the client declared; `NaN` if it did not. */
  constructor(
    limits: ContentLimits,
    length: number,
    onStall: (error: ReadTimeoutError) => void,
  ) {
    this.#limits = limits;
    this.#length = length;
    this.#onStall = onStall;
  }

  /** Puts a stream of ours in the place of the content, unless that was done or somebody reads it already. */
  divert(request: Request): void {
    if (this.#diverted) return;
    this.#diverted = true;
    replaceContent(
      request,
      (content) =>
        content.locked
          ? content
          : new ReadableStream(new WatchedSource(content.getReader(), this), { highWaterMark: 0 }),
    );
  }

  /** Has content that the runtime reads as a whole fail when it does not come in time. */
  whole<T>(content: Promise<T>): Promise<T> {
    if (this.#diverted || this.#begun) return content; // nobody can read it twice
    this.#begun = true;
    return new Promise((resolve, reject) => {
      this.begin(this.#limits.readMs + this.#length / LEAST_RATE, reject);
      content.then((value) => {
        this.end();
        resolve(value);
      }, (error) => {
        this.end();
        reject(error);
      });
    });
  }

  /** Begins to wait for content; `fail` is called when it does not come. */
  begin(milliseconds: number | null, fail: (reason: ContentFailure) => void): void {
    this.#fail = fail;
    this.#wait ??= new Wait(this.#limits.clock, () => this.#expire());
    this.#wait.begin(milliseconds ?? this.#limits.readMs);
  }

  /** It came. */
  end(): void {
    this.#wait?.end();
  }

  /** Why there may be no more than `size` bytes of it, if so. */
  judge(size: number): ContentFailure | null {
    const { bodySize } = this.#limits;
    if (bodySize === null || size <= bodySize) return null;
    return this.failure = new ContentTooLargeError(bodySize);
  }

  #expire(): void {
    const error = this.failure = new ReadTimeoutError(this.#limits.readMs / 1000);
    this.#onStall(error);
    this.#fail?.(error);
  }
}

/** Reads content on behalf of whoever reads this. */
class WatchedSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #watch: ContentWatch;
  #size = 0;
  #over = false;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, watch: ContentWatch) {
    this.#reader = reader;
    this.#watch = watch;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#watch.begin(null, (reason) => this.#fail(controller, reason));
    try {
      const { done, value } = await this.#reader.read();
      if (this.#over) return;
      if (done) return controller.close();
      this.#size += value.byteLength;
      const failure = this.#watch.judge(this.#size);
      if (failure) this.#fail(controller, failure);
      else controller.enqueue(value);
    } catch (error) {
      if (this.#over) return;
      // The connection is lost, or the client broke the framing.
      throw new DisconnectError("The client disconnected during the request", { cause: error });
    } finally {
      this.#watch.end();
    }
  }

  cancel(reason: unknown): Promise<void> {
    this.#watch.end();
    return this.#reader.cancel(reason);
  }

  #fail(controller: ReadableStreamDefaultController<Uint8Array>, reason: ContentFailure): void {
    this.#over = true;
    controller.error(reason);
    this.#reader.cancel(reason).catch(() => {}); // the connection may be lost already
  }
}

const WATCH = Symbol("watch");

type Watched = Request & { [WATCH]?: ContentWatch };

/** Methods that read the whole content. */
const WHOLE = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;

/** The prototype of requests that are watched; `null` where this runtime has none to offer. */
const WATCHED: object | null = ((): object | null => {
  const prototype = watchedPrototype();
  return prototype !== null && works(prototype) ? prototype : null;
})();

function watchedPrototype(): object | null {
  const native = Request.prototype;
  const body = Object.getOwnPropertySymbols(native).find((symbol) => symbol.description === "body");
  const descriptor = body && Object.getOwnPropertyDescriptor(native, body);
  const bodyUsed = Object.getOwnPropertyDescriptor(native, "bodyUsed")?.get;
  if (!body || !descriptor?.get || !bodyUsed) return null;
  const contentOf = descriptor.get;
  const prototype = Object.create(native, {
    [body]: {
      configurable: true,
      get(this: Watched): unknown {
        const watch = this[WATCH];
        if (watch && !watch.direct) watch.divert(this);
        return contentOf.call(this);
      },
    },
    bodyUsed: {
      configurable: true,
      enumerable: true,
      get(this: Watched): boolean {
        return directly(this, bodyUsed as () => boolean);
      },
    },
  });
  for (const name of WHOLE) {
    const read = native[name] as () => Promise<unknown>;
    const value = function (this: Watched): Promise<unknown> {
      const content = directly(this, read);
      return this[WATCH]?.whole(content) ?? content;
    };
    Object.defineProperty(value, "name", { value: name });
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      writable: true,
      value,
    });
  }
  return prototype;
}

/** Calls a native method whose look at the content is not to divert it. */
function directly<T>(request: Watched, method: () => T): T {
  const watch = request[WATCH];
  if (watch === undefined) return method.call(request);
  watch.direct = true;
  try {
    return method.call(request);
  } finally {
    watch.direct = false;
  }
}

/** Whether everything that looks at the content of a request goes through the prototype. */
function works(prototype: object): boolean {
  const looks: readonly ((request: Request) => unknown)[] = [
    (request) => request.body,
    (request) => request.clone(),
    (request) => new Request(request),
  ];
  return looks.every((look) => {
    let diverted = false;
    const request: Watched = new Request("http://localhost/", { method: "POST", body: "x" });
    Object.setPrototypeOf(request, prototype);
    const watch = { direct: false, divert: () => void (diverted = true) };
    request[WATCH] = watch as unknown as ContentWatch;
    if (request.bodyUsed || diverted) return false;
    look(request);
    return diverted;
  });
}
