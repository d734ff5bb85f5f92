/**
 * ASGI `webtransport` applications on exchanges.
 *
 * @module
 */

import type { ASGIFramework, ASGIReceive, ASGIReceiveEvent, ASGISend } from "../asgi_types.ts";
import type {
  WebTransportAcceptEvent,
  WebTransportCloseEvent,
} from "../asgi_webtransport_types.ts";
import { ApplicationError, HandshakeError } from "../errors.ts";
import { asError, wrongASGIResult } from "../misuse.ts";
import type { WebTransportExchange, WebTransportHandler } from "../webtransport_exchange.ts";
import { Handshake } from "./asgi_handshake.ts";
import { readHeaders } from "./asgi_headers.ts";
import { type ScopeOptions, webTransportScope } from "./asgi_scope.ts";
import { ASGISession } from "./asgi_session.ts";

/** Makes a handler of WebTransport sessions out of an ASGI application. */
export function asgiWebTransport(app: ASGIFramework, options: ScopeOptions): WebTransportHandler {
  return async (exchange) => {
    const call = new WebTransportCall(exchange);
    const scope = webTransportScope(exchange, options);
    const result: unknown = await called(() => app(scope, call.receive, call.send), call);
    if (result !== undefined) throw wrongASGIResult(result); // whether it may return now is the driver's to judge
    if (!call.begun) throw notHandled("it returned");
  };
}

/**
 * Applications throw at scopes that they do not know, as ASGI wants it: nothing that any client could fill the log of
 * errors with.
 */
async function called(run: () => unknown, call: WebTransportCall): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    throw call.begun ? error : notHandled(`it threw "${asError(error).message}"`);
  }
}

function notHandled(how: string): HandshakeError {
  const reason =
    `the application does not handle "webtransport" scopes: ${how} before it received ` +
    `anything. If it is to have no sessions, "webtransport_max_sessions" = 0 offers none`;
  return new HandshakeError(501, reason, [], "WebTransport");
}

/** At once, for the head waits for the first content. @throws {ApplicationError} For what would accept. */
function checkDenial(status: number): void {
  if (status < 200 || status > 299) return;
  throw new ApplicationError(
    `Cannot deny the WebTransport session with status ${status}: that accepts it. ` +
      "Deny it with another status, e.g. 403",
  );
}

/** One call of the application. */
class WebTransportCall {
  readonly #exchange: WebTransportExchange;
  readonly #handshake: Handshake;
  /** Whether the application has received or sent something. */
  begun = false;
  #connectGiven = false;
  #disconnectGiven = false;
  #session: ASGISession | undefined;

  constructor(exchange: WebTransportExchange) {
    this.#exchange = exchange;
    this.#handshake = new Handshake(exchange);
  }

  readonly receive: ASGIReceive = async () => {
    this.begun = true;
    if (!this.#connectGiven) {
      this.#connectGiven = true;
      return { type: "webtransport.connect" };
    }
    if (this.#handshake.isUndecided) await this.#handshake.answered();
    return await (this.#session ? this.#session.events.next() : this.#disconnect());
  };

  readonly send: ASGISend = (message) => {
    this.begun = true;
    return this.#handshake.send(message, this.#send);
  };

  readonly #send: ASGISend = (message) => {
    const handshake = this.#handshake;
    const { state } = handshake;
    switch (message?.type) {
      case "webtransport.accept":
        if (state === "HANDSHAKE") return this.#accept(message);
        break;
      case "webtransport.close":
        if (state === "HANDSHAKE") return handshake.reject();
        if (state === "CONNECTED" || state === "CLOSED") return this.#close(message);
        break;
      case "webtransport.http.response.start":
        if (state === "HANDSHAKE") checkDenial(message.status);
        return handshake.startDenial(message);
      case "webtransport.http.response.body":
        return handshake.denialBody(message);
    }
    const sent = state === "CONNECTED" ? this.#session?.send(message) : null;
    if (sent) return sent;
    throw handshake.unexpected(message);
  };

  async #accept({ protocol, headers }: WebTransportAcceptEvent): Promise<void> {
    const session = await this.#exchange.accept({
      fields: readHeaders(headers),
      ...(protocol == null ? {} : { protocol }),
    });
    this.#session = new ASGISession(session);
    this.#handshake.accepted();
  }

  // deno-lint-ignore require-await -- errors are to be rejections
  async #close(message: WebTransportCloseEvent): Promise<void> {
    this.#session?.close(message);
    this.#handshake.state = "CLOSED";
  }

  /** The end of a handshake that was not accepted. */
  async #disconnect(): Promise<ASGIReceiveEvent> {
    if (this.#disconnectGiven) return await new Promise<never>(() => {});
    this.#disconnectGiven = true;
    return { type: "webtransport.disconnect", code: null, reason: "" };
  }
}
