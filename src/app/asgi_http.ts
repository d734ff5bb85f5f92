/**
 * ASGI `http` applications on exchanges.
 *
 * The message order is Hypercorn's state machine: REQUEST until
 * `http.response.start`, RESPONSE until the last body, TRAILERS if the start announced them, then CLOSED. A message
 * out of order throws {@link UnexpectedMessageError} inside the application's `send()`, which may go on.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/www.html#http | ASGI HTTP}
 * @module
 */

import {
  ApplicationError,
  DisconnectError,
  ShutdownError,
  UnexpectedMessageError,
} from "../errors.ts";
import { after, type Exchange, type ExchangeHandler, SETTLED } from "../exchange.ts";
import type { FieldList } from "../fields.ts";
import { observed, wrongASGIResult } from "../misuse.ts";
import { readBody } from "./asgi_body.ts";
import { afterDisconnect } from "./asgi_disconnect.ts";
import { readHeaders } from "./asgi_headers.ts";
import { RequestEvents } from "./asgi_receive.ts";
import { httpScope, type ScopeOptions } from "./asgi_scope.ts";
import type {
  ASGIFramework,
  ASGIReceive,
  ASGISend,
  ASGISendEvent,
  HTTPResponseBodyEvent,
  HTTPResponseStartEvent,
  HTTPResponseTrailersEvent,
} from "../asgi_types.ts";

/** Options of the HTTP side. */
export interface ASGIOptions extends ScopeOptions {
  /** `max_app_queue_size` option: pieces of request content read ahead of the application. */
  readonly maxAppQueueSize: number;
}

/** Makes an exchange handler out of an ASGI application. */
export function asgiHttp(app: ASGIFramework, options: ASGIOptions): ExchangeHandler {
  return async (exchange) => {
    const call = new HTTPCall(exchange, options.maxAppQueueSize);
    const result: unknown = await app(httpScope(exchange, options), call.receive, call.send);
    if (result !== undefined) throw wrongASGIResult(result);
    call.finish();
  };
}

type State = "REQUEST" | "RESPONSE" | "TRAILERS" | "CLOSED";

/** One call of the application. */
class HTTPCall {
  readonly #exchange: Exchange;
  readonly #queueSize: number;
  #state: State = "REQUEST";
  #events: RequestEvents | undefined;
  #trailersAnnounced = false;
  #trailers: FieldList = [];
  #ignored = 0;

  constructor(exchange: Exchange, queueSize: number) {
    this.#exchange = exchange;
    this.#queueSize = queueSize;
  }

  readonly receive: ASGIReceive = () => {
    if (this.#events === undefined) {
      this.#events = new RequestEvents(this.#exchange, this.#queueSize);
      if (this.#state === "CLOSED") this.#events.complete();
    }
    return this.#events.next();
  };

  readonly send: ASGISend = (message) => {
    // The state stopped with the first message that was ignored, so it cannot judge the next ones.
    if (this.#ignored > 0) return observed(afterDisconnect(++this.#ignored));
    try {
      const call = this.#send(message);
      return call === SETTLED ? call : observed(call.catch(this.#onRejection));
    } catch (error) {
      return observed(Promise.reject(error));
    }
  };

  /** @throws {ApplicationError} When the application returned without completing its response. */
  finish(): void {
    if (this.#state === "CLOSED" || this.#ignored > 0) return;
    if (this.#exchange.signal.aborted) throw new DisconnectError();
    throw new ApplicationError(
      this.#state === "REQUEST"
        ? `The ASGI application returned without sending "http.response.start"`
        : `The ASGI application returned without completing its response: the state is ${this.#state}`,
    );
  }

  #send(message: ASGISendEvent): Promise<void> {
    switch (message?.type) {
      case "http.response.start":
        if (this.#state === "REQUEST") return this.#start(message);
        break;
      case "http.response.body":
        if (this.#state === "RESPONSE") return this.#body(message);
        break;
      case "http.response.pathsend":
        if (this.#state === "RESPONSE" && this.#exchange.supports.sendFile) {
          return this.#pathsend(message.path);
        }
        break;
      case "http.response.trailers":
        if (this.#state === "TRAILERS") return this.#trailerSection(message);
        break;
      case "http.response.early_hint":
        if (this.#state === "REQUEST" && this.#exchange.supports.informational) {
          return this.#earlyHint(message.links);
        }
        break;
    }
    throw new UnexpectedMessageError(this.#state, String(message?.type));
  }

  #start({ status, headers, trailers }: HTTPResponseStartEvent): Promise<void> {
    const head = { status: readStatus(status), fields: readHeaders(headers) };
    return after(this.#exchange.respond(head), () => {
      this.#trailersAnnounced = trailers === true;
      this.#state = "RESPONSE";
    });
  }

  #body({ body, more_body }: HTTPResponseBodyEvent): Promise<void> {
    const written = this.#exchange.write(readBody(body));
    if (more_body) return written;
    this.#state = this.#trailersAnnounced ? "TRAILERS" : "CLOSED";
    // Trailers that cannot be sent are accepted and dropped.
    if (this.#trailersAnnounced && this.#exchange.supports.trailers) return written;
    // Before `written` settles: content and end in the same turn let the driver send one flat response.
    const ended = this.#exchange.end();
    return after(written === SETTLED ? ended : both(written, ended), this.#complete);
  }

  #pathsend(path: string): Promise<void> {
    return after(this.#exchange.sendFile(path), () => {
      this.#state = "CLOSED";
      this.#complete();
    });
  }

  #trailerSection({ headers, more_trailers }: HTTPResponseTrailersEvent): Promise<void> {
    this.#trailers = [...this.#trailers, ...readHeaders(headers)];
    if (more_trailers) return SETTLED;
    this.#state = "CLOSED";
    if (!this.#exchange.supports.trailers) return SETTLED;
    return after(this.#exchange.end(this.#trailers), this.#complete);
  }

  #earlyHint(links: Iterable<string | Uint8Array>): Promise<void> {
    const fields = readHeaders([...links].map((link) => ["link", link] as const));
    return this.#exchange.inform({ status: 103, fields });
  }

  readonly #complete = (): void => this.#events?.complete();

  readonly #onRejection = async (error: unknown): Promise<void> => {
    const ignored = error instanceof DisconnectError && !(error instanceof ShutdownError);
    if (!ignored) throw error;
    await afterDisconnect(++this.#ignored);
  };
}

async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  await Promise.all([first, second]);
}

/** Hypercorn converts to a whole number, so `"202"` works and `"201 NO CONTENT"` does not. */
function readStatus(status: unknown): number {
  return typeof status === "string" && /^[0-9]{3}$/.test(status)
    ? Number(status)
    : status as number;
}
