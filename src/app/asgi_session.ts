/**
 * An accepted WebTransport session as ASGI messages.
 *
 * @module
 */

import type { ASGISendEvent } from "../asgi_types.ts";
import type {
  WebTransportCloseEvent,
  WebTransportStreamOpenEvent,
} from "../asgi_webtransport_types.ts";
import { contentBytes } from "../content.ts";
import { ApplicationError, DisconnectError } from "../errors.ts";
import { SETTLED } from "../exchange.ts";
import { describe } from "../misuse.ts";
import type { WebTransportSession } from "../webtransport_exchange.ts";
import { readBody } from "./asgi_body.ts";
import { SendingStreams } from "./asgi_sending_streams.ts";
import { SessionEvents } from "./asgi_session_events.ts";
import { DatagramPace } from "./datagram_pace.ts";

/** One session. */
export class ASGISession {
  /** What happens in it. */
  readonly events: SessionEvents;
  readonly #session: WebTransportSession;
  readonly #streams: SendingStreams;
  readonly #pace = new DatagramPace();
  /** Names of streams that wait for the client's leave. */
  readonly #opening = new Set<string>();
  #isOver = false;

  constructor(session: WebTransportSession) {
    this.#session = session;
    this.#streams = new SendingStreams((stream, code) =>
      void this.events.add({ type: "webtransport.stream.stop", stream, code })
    );
    this.events = new SessionEvents(session, ({ id, send }) => this.#streams.add(id, send));
    session.closed.then(() => this.#isOver = true);
  }

  /**
   * Sends a message of the application; `null` when it is none of an accepted session.
   *
   * @throws {DisconnectError} When the session is over.
   * @throws {ApplicationError} For a stream that there is not.
   */
  send(message: ASGISendEvent): Promise<void> | null {
    if (this.#isOver) throw new DisconnectError();
    switch (message?.type) {
      case "webtransport.stream.open":
        return this.#open(message);
      case "webtransport.stream.send":
        return this.#streams.send(message.stream, message.data, message.more_data ?? true);
      case "webtransport.stream.reset":
        if (this.#streams.has(message.stream)) this.#streams.reset(message.stream);
        else this.events.known.check("reset", message.stream);
        return SETTLED;
      case "webtransport.stream.stop":
        this.events.stop(message.stream);
        return SETTLED;
      case "webtransport.datagram.send":
        return this.#datagram(message.data);
      case "webtransport.drain":
        this.#session.drain();
        return SETTLED;
      default:
        return null;
    }
  }

  /** Closes the session. @throws {ApplicationError} For a code that cannot be sent. */
  close({ code, reason }: WebTransportCloseEvent): void {
    this.#session.close(code, reason ?? undefined);
  }

  async #open({ stream: name, unidirectional = false }: WebTransportStreamOpenEvent) {
    this.#checkName(name);
    this.#opening.add(name);
    try {
      if (unidirectional) {
        this.#streams.add(name, await this.#session.openUnidirectional());
        this.events.known.add(name);
      } else {
        const { receive, send } = await this.#session.openBidirectional();
        this.#streams.add(name, send);
        this.events.read(name, receive);
      }
    } finally {
      this.#opening.delete(name);
    }
  }

  #checkName(name: unknown): void {
    if (typeof name !== "string" || name === "") {
      throw new ApplicationError(
        `Cannot open a stream: expected a name for it as "stream", a string, received ${
          describe(name)
        }`,
      );
    }
    const isTaken = this.#streams.has(name) || this.events.isReading(name) ||
      this.#opening.has(name);
    if (!isTaken) return;
    throw new ApplicationError(
      `Cannot open a stream: the one called "${name}" has not ended. Choose another name`,
    );
  }

  #datagram(data: unknown): Promise<void> {
    if (data === undefined) {
      throw new ApplicationError(`Cannot send a datagram: expected "data", received undefined`);
    }
    this.#session.sendDatagram(contentBytes(readBody(data, "a datagram")));
    return this.#pace.next();
  }
}
