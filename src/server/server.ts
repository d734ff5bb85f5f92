/**
 * A running server.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import { LifespanTimeoutError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import type { Bind, OpenListener } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import { stopListeners, type StopOutcome } from "./stop.ts";
import { within } from "./within.ts";

/**
 * A started server. `await using server = await start(app)` stops it at the end of the block.
 */
export interface Server extends AsyncDisposable {
  /** The real addresses: port 0 is resolved, each has its `url`. */
  readonly binds: readonly Bind[];
  /**
   * Settles when the server has stopped, for whatever reason. Rejects with `LifespanError` or
   * `LifespanTimeoutError` when the application's own stop failed.
   */
  readonly finished: Promise<void>;
  /**
   * Stops gracefully: within `graceful_timeout` everything in progress may finish, the rest is cut, then the
   * application gets `shutdown_timeout` to stop. A second call changes nothing. Settles as `finished` does.
   */
  shutdown(): Promise<void>;
}

/** What a running server is made of. */
export interface ServerParts {
  /** Open listeners. */
  readonly listeners: readonly OpenListener[];
  /** The application. */
  readonly application: Application;
  /** What the listeners are doing. */
  readonly inFlight: InFlight;
  /** The configuration. */
  readonly config: ResolvedConfig;
  /** The error log. */
  readonly log: ServerLog;
}

/** The {@link Server} that `start` returns. */
export class RunningServer implements Server {
  readonly binds: readonly Bind[];
  readonly finished: Promise<void>;
  readonly #parts: ServerParts;
  readonly #force = new AbortController();
  readonly #finished = Promise.withResolvers<void>();
  #stopping = false;
  #outcome: StopOutcome = "clean";

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.binds = parts.listeners.map((listener) => listener.bind);
    this.finished = this.#finished.promise;
    this.finished.catch(() => {}); // who wants to know awaits it
    const died = Promise.race(parts.listeners.map((listener) => listener.finished));
    died.then(() => this.shutdown(), () => this.shutdown()).catch(() => {}); // `finished` has the error
  }

  /** How the stop went, once `finished` has settled. */
  get outcome(): StopOutcome {
    return this.#outcome;
  }

  shutdown(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#stop().then(this.#finished.resolve, this.#finished.reject);
    }
    return this.finished;
  }

  /** Ends every wait of a stop in progress: what is left is cut, the application's stop is not awaited. */
  force(): void {
    this.#force.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #stop(): Promise<void> {
    const { config, log, application } = this.#parts;
    const { gracefulTimeout } = config;
    try {
      this.#outcome = await stopListeners({
        ...this.#parts,
        gracefulTimeout,
        force: this.#force.signal,
      });
      if (this.#outcome === "stuck") {
        log.warn(
          "Some clients do not read their responses; their connections end with the process",
        );
      }
      await stopApplication(application, config.shutdownTimeout, this.#force.signal);
    } finally {
      log.close();
    }
  }
}

/**
 * Runs the application's `shutdown`.
 *
 * @param force Stops waiting without an error.
 * @throws {LifespanTimeoutError} After `seconds`.
 */
export async function stopApplication(
  application: Application,
  seconds: number,
  force?: AbortSignal,
): Promise<void> {
  const stopped = application.shutdown?.();
  if (stopped === undefined || await within(stopped, seconds, force)) return;
  if (!force?.aborted) throw new LifespanTimeoutError("shutdown", seconds);
}
