/**
 * Calls the application for a request over HTTP/3, and judges how it returned.
 *
 * @module
 */

import { ApplicationError, DisconnectError, HandshakeError } from "../errors.ts";
import type { Application, RequestHead } from "../exchange.ts";
import { asError } from "../misuse.ts";
import { WebTransportStreamError } from "../webtransport_exchange.ts";
import type { H3Upgrade } from "./h3_context.ts";
import type { H3Exchange } from "./h3_exchange.ts";
import type { UpgradeCall } from "./h3_upgrade.ts";
import { isTooLarge } from "./request_content.ts";
import type { Reporter } from "./serve_context.ts";

const INCOMPLETE = "The application returned without completing its response";

/** Who waits for the application. */
export interface CallEvents {
  /** It has returned, and its exchange is over or on its way to be. Once. */
  onReturned(): void;
}

/** One call of the application. */
export class H3Call {
  readonly #exchange: H3Exchange;
  readonly #reporter: Reporter;
  readonly #events: CallEvents;

  /** @param exchange The request, or the handshake of a WebSocket or WebTransport session. */
  constructor(exchange: H3Exchange, reporter: Reporter, events: CallEvents) {
    this.#exchange = exchange;
    this.#reporter = reporter;
    this.#events = events;
  }

  /** Has the application answer the request. */
  http(application: Application): void {
    const exchange = this.#exchange;
    this.#run(() => application.http(exchange)).then(
      () => this.#completed(),
      (error) => this.#failed(error),
    );
  }

  /** Has it accept or deny a WebSocket or WebTransport session, and see that through. */
  upgrade(application: Application, { upgrade, run }: UpgradeCall): void {
    this.#run(() => run(application)).then(() => upgrade.checkReturn()).then(
      () => this.#events.onReturned(),
      (error) => this.#failedUpgrade(error, upgrade),
    );
  }

  /** Calls the application, in the context of the observer when it has one. */
  #run(call: () => Promise<void>): Promise<void> {
    const { observation } = this.#exchange;
    try {
      return observation?.run === undefined ? call() : observation.run(call);
    } catch (error) {
      return Promise.reject(error); // a handler that is no async function may throw as it is called
    }
  }

  #completed(): void {
    const exchange = this.#exchange;
    if (exchange.state === "ended") return this.#events.onReturned();
    this.#failed(
      exchange.signal.aborted ? new DisconnectError() : new ApplicationError(INCOMPLETE),
    );
  }

  #failed(reason: unknown): void {
    const exchange = this.#exchange;
    const { excess } = exchange.content;
    const tooLarge = isTooLarge(reason);
    const error = asError(reason);
    if (error instanceof HandshakeError && exchange.state === "initial") {
      exchange.onLost(error, error.status, error.fields); // a request that asks for no upgrade
    } else if (excess && exchange.state === "initial") {
      // The client is told what is wrong with its request, and the log what is wrong with the application.
      if (!tooLarge) this.#report(error, false);
      exchange.onLost(excess, 413);
    } else {
      // What fails after the client left fails because of that, whatever it throws.
      this.#report(error, exchange.state === "aborted" || tooLarge);
      exchange.abort(error);
    }
    this.#events.onReturned();
  }

  #failedUpgrade(reason: unknown, upgrade: H3Upgrade): void {
    if (reason instanceof HandshakeError && this.#exchange.state === "initial") {
      upgrade.onLost(reason, reason.status, reason.fields);
    } else {
      const error = asError(reason);
      this.#report(error, this.#exchange.state === "aborted");
      upgrade.abort(error);
    }
    this.#events.onReturned();
  }

  #report(error: Error, gone: boolean): void {
    const { request } = this.#exchange;
    const url = urlOf(request);
    if (gone || isByClient(error)) {
      this.#reporter.disconnected(error, request.method, url);
    } else this.#reporter.failed(error, request.method, url);
  }
}

/** Says whether the client caused this by what it may do at any time. */
function isByClient(error: Error): boolean {
  return error instanceof DisconnectError || error instanceof WebTransportStreamError;
}

/** URL of a request, for the log. */
export function urlOf({ authority, target }: RequestHead): string {
  return `https://${authority}${target}`;
}
