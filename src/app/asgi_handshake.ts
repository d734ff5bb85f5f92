/**
 * What calls of ASGI applications share that begin with a handshake: WebSockets and WebTransport sessions.
 *
 * States and outcomes are Hypercorn's.
 *
 * @module
 */

import type {
  ASGISendEvent,
  WebSocketResponseBodyEvent,
  WebSocketResponseStartEvent,
} from "../asgi_types.ts";
import type {
  WebTransportResponseBodyEvent,
  WebTransportResponseStartEvent,
} from "../asgi_webtransport_types.ts";
import { DisconnectError, UnexpectedMessageError } from "../errors.ts";
import { type ResponseHead, type ResponseWriter, SETTLED } from "../exchange.ts";
import { NO_CONTENT } from "../fields.ts";
import { observed } from "../misuse.ts";
import { readBody } from "./asgi_body.ts";
import { afterDisconnect } from "./asgi_disconnect.ts";
import { readHeaders } from "./asgi_headers.ts";

/** How far a call is. */
export type HandshakeState = "HANDSHAKE" | "CONNECTED" | "RESPONSE" | "CLOSED" | "HTTPCLOSED";

/** A handshake that can be denied. */
type Deniable = ResponseWriter & { readonly signal: AbortSignal };

/** The handshake of one call, with its denial, and messages to a client that has left. */
export class Handshake {
  /** State of the call; only `"CONNECTED"` and `"CLOSED"` are left to who accepts. */
  state: HandshakeState = "HANDSHAKE";
  readonly #exchange: Deniable;
  #denial: ResponseHead | undefined;
  /** Messages ignored since the client left; from the first one on every message is. */
  #ignored = 0;
  readonly #answer = Promise.withResolvers<void>();

  constructor(exchange: Deniable) {
    this.#exchange = exchange;
  }

  /** Whether it is neither accepted nor denied in full. */
  get isUndecided(): boolean {
    return this.state === "HANDSHAKE" || this.state === "RESPONSE";
  }

  /** Passes a message on by `send`, or ignores it once the client has left. */
  send(message: ASGISendEvent, send: (message: ASGISendEvent) => Promise<void>): Promise<void> {
    if (this.#ignored > 0) return observed(afterDisconnect(++this.#ignored));
    try {
      const sent = send(message);
      return sent === SETTLED ? sent : observed(sent.catch(this.#onFailure));
    } catch (error) {
      return observed(this.#onFailure(error));
    }
  }

  /** The handshake was accepted. */
  accepted(): void {
    this.state = "CONNECTED";
    this.#answer.resolve();
  }

  /** Denies with 403 and no content. */
  async reject(): Promise<void> {
    await this.#exchange.respond({ status: 403, fields: NO_CONTENT });
    await this.#end();
  }

  /** Keeps the head of a denial for its first content. @throws {UnexpectedMessageError} When there is nothing to deny. */
  startDenial(
    message: WebSocketResponseStartEvent | WebTransportResponseStartEvent,
  ): Promise<void> {
    if (this.state !== "HANDSHAKE") throw this.unexpected(message);
    this.#denial = { status: message.status, fields: readHeaders(message.headers) };
    return Promise.resolve();
  }

  /** Sends content of a denial. */
  async denialBody(
    message: WebSocketResponseBodyEvent | WebTransportResponseBodyEvent,
  ): Promise<void> {
    if (!this.#denial || !this.isUndecided) throw this.unexpected(message);
    if (this.state === "HANDSHAKE") {
      await this.#exchange.respond(this.#denial);
      this.state = "RESPONSE";
    }
    const written = this.#exchange.write(readBody(message.body));
    if (message.more_body) return await written;
    await Promise.all([written, this.#end()]);
  }

  /** What is wrong with a message that the state does not allow. */
  unexpected(message: ASGISendEvent): UnexpectedMessageError {
    return new UnexpectedMessageError(this.state, String(message?.type));
  }

  /** Settles when the handshake was answered or the client left. */
  async answered(): Promise<void> {
    const { signal } = this.#exchange;
    if (signal.aborted) return;
    const onAbort = () => this.#answer.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    await this.#answer.promise;
    signal.removeEventListener("abort", onAbort);
  }

  readonly #onFailure = async (error: unknown): Promise<void> => {
    if (!(error instanceof DisconnectError)) throw error;
    this.#answer.resolve(); // no answer any more, should it be missing
    await afterDisconnect(++this.#ignored);
  };

  async #end(): Promise<void> {
    this.state = "HTTPCLOSED";
    await this.#exchange.end();
    this.#answer.resolve();
  }
}
