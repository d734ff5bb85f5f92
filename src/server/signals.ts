/**
 * SIGINT and SIGTERM as two promises: the first asks to stop, the second to stop now.
 *
 * @module
 */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** Listens for signals until disposed. */
export class StopSignals implements Disposable {
  readonly #first = Promise.withResolvers<void>();
  readonly #second = Promise.withResolvers<void>();
  #received = 0;

  /** Settles with the first signal. */
  readonly requested: Promise<void> = this.#first.promise;
  /** Settles with the second signal. */
  readonly forced: Promise<void> = this.#second.promise;

  constructor() {
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#onSignal);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#onSignal);
  }

  readonly #onSignal = (): void => {
    this.#received++;
    this.#first.resolve();
    if (this.#received > 1) this.#second.resolve();
  };
}
