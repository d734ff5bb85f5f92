/**
 * The ASGI lifespan: one call of the application that is told when the server starts and stops.
 *
 * Outcomes are Hypercorn's; an application that does not know the scope is served without
 * lifespan, and one that reports a failure stops the start with its own words.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/lifespan.html | ASGI lifespan}
 * @module
 */

import { LifespanError, UnexpectedMessageError } from "../errors.ts";
import { describe } from "../misuse.ts";
import { observed } from "../misuse.ts";
import type { ASGIFramework, ASGIReceive, ASGIReceiveEvent, ASGISend } from "../asgi_types.ts";

/** Where adapters say what has no place in an error. */
export interface AdapterLog {
  /** Normal operation, such as a refused request. */
  info(message: string): void;
  /** The application cannot do lifespan; it is served without. */
  warn(message: string): void;
  /** The lifespan call failed while the server was running. */
  error(message: string): void;
}

type Phase = "idle" | "startup" | "running" | "shutdown" | "over";

/** Runs the lifespan of one application. */
export class Lifespan {
  /** What the application leaves here is in every request's `state`. */
  readonly state: Record<string, unknown> = {};
  readonly #app: ASGIFramework;
  readonly #log: AdapterLog;
  readonly #events: ((event: ASGIReceiveEvent) => void)[] = [];
  readonly #pending: ASGIReceiveEvent[] = [];
  #phase: Phase = "idle";
  #stage = Promise.withResolvers<void>();

  constructor(app: ASGIFramework, log: AdapterLog) {
    this.#app = app;
    this.#log = log;
  }

  /**
   * Starts the application; may be tried again after a failure.
   *
   * @throws {LifespanError} When it sent `lifespan.startup.failed`.
   */
  async startup(): Promise<void> {
    this.#phase = "startup";
    this.#stage = Promise.withResolvers();
    this.#deliver({ type: "lifespan.startup" });
    this.#run();
    await this.#stage.promise;
  }

  /**
   * Stops the application; does nothing when it has no lifespan.
   *
   * @throws {LifespanError} When it sent `lifespan.shutdown.failed`.
   */
  async shutdown(): Promise<void> {
    if (this.#phase !== "running") return;
    this.#phase = "shutdown";
    this.#stage = Promise.withResolvers();
    this.#deliver({ type: "lifespan.shutdown" });
    await this.#stage.promise;
  }

  async #run(): Promise<void> {
    try {
      await this.#app(
        { type: "lifespan", asgi: { version: "3.0", spec_version: "2.0" }, state: this.state },
        this.#receive,
        this.#send,
      );
    } catch (error) {
      this.#raised(error);
    }
    this.#phase = "over";
    this.#stage.resolve();
  }

  readonly #receive: ASGIReceive = () => {
    const event = this.#pending.shift();
    if (event) return Promise.resolve(event);
    return new Promise((resolve) => this.#events.push(resolve));
  };

  readonly #send: ASGISend = (sent) => {
    const { type, message = "" } = sent as { type: string; message?: string };
    const stage = this.#phase === "startup" || this.#phase === "shutdown" ? this.#phase : null;
    if (stage && type === `lifespan.${stage}.complete`) {
      this.#phase = stage === "startup" ? "running" : "over";
      this.#stage.resolve();
    } else if (stage && type === `lifespan.${stage}.failed`) {
      this.#fail(new LifespanError(stage, message));
    } else {
      const error = new UnexpectedMessageError(this.#phase.toUpperCase(), String(type));
      return observed(Promise.reject(error));
    }
    return Promise.resolve();
  };

  #raised(error: unknown): void {
    if (this.#phase === "startup") {
      this.#log.warn(
        `ASGI Framework Lifespan error, continuing without Lifespan support: ${textOf(error)}`,
      );
    } else if (this.#phase === "running") {
      this.#log.error(
        `ASGI Framework Lifespan error, shutdown without Lifespan support:\n${stackOf(error)}`,
      );
    } else if (this.#phase === "shutdown") {
      this.#fail(new LifespanError("shutdown", textOf(error), { cause: error }));
    }
  }

  #fail(error: LifespanError): void {
    this.#phase = "over";
    this.#stage.reject(error);
    this.#stage.promise.catch(() => {}); // a timeout may have stopped waiting
  }

  #deliver(event: ASGIReceiveEvent): void {
    const waiting = this.#events.shift();
    if (waiting) waiting(event);
    else this.#pending.push(event);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : describe(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? textOf(error) : describe(error);
}
