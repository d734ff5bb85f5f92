/**
 * A running server.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import { LifespanTimeoutError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import type { MetricsSnapshot } from "../metrics/mod.ts";
import type { Admin } from "./admin.ts";
import type { Instruments } from "./instruments.ts";
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

/** How to stop. */
export interface ShutdownOptions {
  /**
   * Whether another process accepts on the same addresses already. Then clients are let go without a failed request
   * before the stop begins, and WebSockets are closed with 1012. Default `false`.
   */
  readonly handover?: boolean;
}

/** A server as the process around it sees it. */
export interface HostedServer extends Server {
  /** The error log. */
  readonly log: ServerLog;
  /** How the stop went, once `finished` has settled. */
  readonly outcome: StopOutcome;
  /** What was counted so far; empty without `admin_bind`. */
  metrics(): MetricsSnapshot;
  /** Opens log files anew, for log rotation. */
  reopenLogs(): void;
  /** As {@link Server.shutdown}. */
  shutdown(options?: ShutdownOptions): Promise<void>;
  /** Ends every wait of a stop in progress: what is left is cut, the application's stop is not awaited. */
  force(): void;
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
  /** Who keeps count of requests, and the error log. */
  readonly instruments: Instruments;
  /** The operators' pages. */
  readonly admin?: Admin | undefined;
}

/** The {@link Server} that `start` returns. */
export class RunningServer implements HostedServer {
  readonly binds: readonly Bind[];
  readonly finished: Promise<void>;
  readonly log: ServerLog;
  readonly #parts: ServerParts;
  readonly #force = new AbortController();
  readonly #finished = Promise.withResolvers<void>();
  #stopping = false;
  #outcome: StopOutcome = "clean";

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.log = parts.instruments.log;
    this.binds = parts.listeners.map((listener) => listener.bind);
    this.finished = this.#finished.promise;
    this.finished.catch(() => {}); // who wants to know awaits it
    const died = Promise.race(parts.listeners.map((listener) => listener.finished));
    died.then(() => this.#onEnd(), (error) => this.#onEnd(error));
  }

  get outcome(): StopOutcome {
    return this.#outcome;
  }

  /** Whether it serves and is not about to stop. */
  get ready(): boolean {
    return !this.#stopping;
  }

  metrics(): MetricsSnapshot {
    return this.#parts.instruments.snapshot();
  }

  reopenLogs(): void {
    this.#parts.instruments.reopen();
  }

  shutdown(options: ShutdownOptions = {}): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#stop(options).then(this.#finished.resolve, this.#finished.reject);
    }
    return this.finished;
  }

  force(): void {
    this.#force.abort();
  }

  /** A listener has ended: in a stop, or because the system took its socket away. */
  #onEnd(error?: unknown): void {
    if (this.#stopping) return;
    const reason = error === undefined ? "" : `: ${error instanceof Error ? error.message : error}`;
    this.log.error(`Stopping: a listener ended by itself${reason}`);
    this.shutdown().catch(() => {}); // `finished` has the error
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #stop({ handover = false }: ShutdownOptions): Promise<void> {
    const { config, application, instruments, admin } = this.#parts;
    const { log } = instruments;
    const { gracefulTimeout } = config;
    try {
      this.#outcome = await stopListeners({
        ...this.#parts,
        log,
        gracefulTimeout,
        handover,
        force: this.#force.signal,
      });
      if (this.#outcome === "stuck") {
        log.warn(
          "Some connections cannot be closed, for their clients do not read or do not answer; they end with the process",
        );
      }
      await stopApplication(application, config.shutdownTimeout, this.#force.signal);
    } finally {
      await admin?.close();
      await instruments.close();
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
