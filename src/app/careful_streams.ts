/**
 * Web streams of bytes whose promises need not be looked at.
 *
 * A client ends a stream of WebTransport whenever it likes, and what then rejects would end the process where an
 * application has not waited for it.
 *
 * @module
 */

import { observed } from "../misuse.ts";

/** A readable stream whose pipes may be left to themselves. */
export class CarefulReadable extends ReadableStream<Uint8Array> {
  override cancel(reason?: unknown): Promise<void> {
    return observed(super.cancel(reason));
  }

  override pipeTo(
    destination: WritableStream<Uint8Array>,
    options?: StreamPipeOptions,
  ): Promise<void> {
    return observed(super.pipeTo(destination, options));
  }
}

/** A writer whose calls need not be waited for. */
class CarefulWriter extends WritableStreamDefaultWriter<Uint8Array> implements WebTransportWriter {
  override write(chunk?: Uint8Array): Promise<void> {
    return observed(super.write(chunk));
  }

  override close(): Promise<void> {
    return observed(super.close());
  }

  override abort(reason?: unknown): Promise<void> {
    return observed(super.abort(reason));
  }

  /** Is refused: the runtime does not tell how much the client can take. */
  atomicWrite(_chunk: unknown): Promise<undefined> {
    const error = new DOMException(
      "Cannot write atomically: this runtime does not tell how much the client takes. Use write()",
      "NotSupportedError",
    );
    const refused = Promise.reject<undefined>(error);
    refused.catch(() => {});
    return refused;
  }
}

/** A writable stream whose writers may be left to themselves. */
export class CarefulWritable extends WritableStream<Uint8Array> {
  override abort(reason?: unknown): Promise<void> {
    return observed(super.abort(reason));
  }

  override close(): Promise<void> {
    return observed(super.close());
  }

  override getWriter(): WebTransportWriter {
    return new CarefulWriter(this);
  }
}
