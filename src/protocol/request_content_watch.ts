/**
 * Request content under a time-out: counted while somebody reads it, for an application may take its time.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";
import type { DeadlineClock, Expiring } from "./deadline_clock.ts";
import { replaceContent } from "./request_record.ts";

/** How long a client may be silent, and what happens then. */
export interface ContentLimit {
  /** Where the time runs. */
  readonly clock: DeadlineClock;
  /** Milliseconds from one piece to the next. */
  readonly milliseconds: number;
  /** The client was silent for longer; the reader was told. */
  onStall(): void;
}

/** Has the content of `request` fail when it does not come in; does nothing where there is none. */
export function watchContent(request: Request, limit: ContentLimit): void {
  replaceContent(
    request,
    (content) =>
      new ReadableStream(new WatchedContent(content.getReader(), limit), { highWaterMark: 0 }),
  );
}

/** Reads content on behalf of whoever reads this. */
class WatchedContent implements UnderlyingDefaultSource<Uint8Array>, Expiring {
  deadline = Infinity;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #limit: ContentLimit;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #over = false;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, limit: ContentLimit) {
    this.#reader = reader;
    this.#limit = limit;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { clock, milliseconds } = this.#limit;
    clock.add(this, milliseconds);
    try {
      const { done, value } = await this.#reader.read();
      if (this.#over) return;
      if (done) controller.close();
      else controller.enqueue(value);
    } catch (error) {
      if (!this.#over) throw error;
    } finally {
      clock.delete(this);
    }
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }

  expire(): void {
    this.#over = true;
    const seconds = this.#limit.milliseconds / 1000;
    const error = new DisconnectError(`The client sent nothing for ${seconds} s (read_timeout)`);
    this.#controller.error(error);
    this.#reader.cancel(error).catch(() => {}); // the connection may be lost already
    this.#limit.onStall();
  }
}
