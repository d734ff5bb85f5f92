/**
 * Signals: SIGINT and SIGTERM as two promises, the first asks to stop, the second to stop now; SIGUSR2 for log rotation.
 *
 * @module
 */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Milliseconds in which a signal counts once: Ctrl+C reaches a program under `deno task` or `npx` both from the
 * terminal and passed on by its parent.
 */
const SAME_SIGNAL_MS = 500;

/** Listens for signals until disposed. */
export class StopSignals implements Disposable {
  readonly #first = Promise.withResolvers<void>();
  readonly #second = Promise.withResolvers<void>();
  #isForced = false;
  #firstAt: number | undefined;

  /** Settles with the first signal. */
  readonly requested: Promise<void> = this.#first.promise;
  /** Settles with the second signal. */
  readonly forced: Promise<void> = this.#second.promise;

  /** Whether the second signal has come. */
  get isForced(): boolean {
    return this.#isForced;
  }

  constructor() {
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#onSignal);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#onSignal);
  }

  readonly #onSignal = (): void => {
    const now = performance.now();
    this.#firstAt ??= now;
    this.#first.resolve();
    if (now - this.#firstAt <= SAME_SIGNAL_MS) return;
    this.#isForced = true;
    this.#second.resolve();
  };
}

/** Calls `reopen` for every SIGUSR2, which Windows does not have, until disposed. */
export function onLogRotation(reopen: () => void): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  Deno.addSignalListener("SIGUSR2", reopen);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGUSR2", reopen) };
}
