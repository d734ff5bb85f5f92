/**
 * WebTransport sessions of fetch applications.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";
import type { FetchHandler } from "../fetch_types.ts";
import type { WebTransportExchange, WebTransportHandler } from "../webtransport_exchange.ts";
import {
  setWebTransportUpgrader,
  type WebTransportUpgrade,
  type WebTransportUpgradeOptions,
} from "../webtransport_types.ts";
import { answer, denialOf } from "./fetch_answer.ts";
import { ExchangeInfo, handshakeRequestOf } from "./fetch_request.ts";
import { sendResponse } from "./fetch_response.ts";
import { FetchSession } from "./webtransport_session.ts";

/** Makes a handler of WebTransport sessions out of a fetch handler. */
export function fetchWebTransport(app: FetchHandler): WebTransportHandler {
  return (exchange) => new Handshake(exchange).answer(app);
}

/** One handshake, and the session it leads to. */
class Handshake {
  readonly #exchange: WebTransportExchange;
  #session: FetchSession | undefined;

  constructor(exchange: WebTransportExchange) {
    this.#exchange = exchange;
  }

  async answer(app: FetchHandler): Promise<void> {
    const exchange = this.#exchange;
    const info = new ExchangeInfo(exchange);
    const request = handshakeRequestOf(exchange, "webtransport");
    setWebTransportUpgrader(request, (options) => this.#upgrade(options));
    try {
      const response = await answer(app, request, info);
      if (this.#session && response.status === 101) await this.#run(this.#session, response);
      else await this.#deny(response);
      info.complete();
    } catch (error) {
      this.#session?.fail(error);
      info.fail(error);
      throw error;
    }
  }

  #upgrade({ protocols = [], headers = [] }: WebTransportUpgradeOptions): WebTransportUpgrade {
    if (this.#session) throw new ApplicationError(TWICE);
    const { protocols: offered } = this.#exchange;
    const protocol = protocols.find((name) => offered.includes(name)) ?? "";
    const response = new Response(null, { status: 101, headers });
    const session = this.#session = new FetchSession(protocol);
    return { session, response };
  }

  /** Settles when the session is over. */
  async #run(session: FetchSession, response: Response): Promise<void> {
    const { protocol } = session;
    const accepted = await this.#exchange.accept({
      fields: [...response.headers],
      ...(protocol !== "" && { protocol }),
    });
    await session.run(accepted);
  }

  async #deny(response: Response): Promise<void> {
    const { status } = response;
    this.#session?.fail(new ApplicationError(`The handler answered with status ${status} instead`));
    const denial = denialOf(response, this.#exchange.request, "WebTransport");
    await sendResponse(denial, this.#exchange);
  }
}

const TWICE = "Cannot accept the WebTransport handshake: it was accepted already. " +
  "Call upgradeWebTransport() once for each request";
