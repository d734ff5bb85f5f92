/**
 * The handshake of a WebTransport session over HTTP/3: an extended CONNECT.
 *
 * Until it is accepted it is an ordinary exchange, so denying it is that exchange's business. What the client sends ahead
 * waits in the transport.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-3.2 | WebTransport over HTTP/3 §3.2}
 * @module
 */

import type { Content } from "../content.ts";
import { ApplicationError, DisconnectError, HandshakeError } from "../errors.ts";
import type { PeerInfo, RequestHead, ResponseHead } from "../exchange.ts";
import { combineField, type Field, type FieldList, hasField } from "../fields.ts";
import type { Observation } from "../observation.ts";
import { parseAvailableProtocols, serializeProtocol } from "../webtransport/mod.ts";
import type {
  WebTransportAcceptOptions,
  WebTransportExchange,
  WebTransportSession,
} from "../webtransport_exchange.ts";
import type { H3Upgrade } from "./h3_context.ts";
import type { H3Exchange } from "./h3_exchange.ts";
import { checkFields } from "./response_head.ts";
import type { WebTransportConnection } from "./webtransport_connection.ts";
import { H3WebTransportSession, type SessionParts } from "./webtransport_session.ts";

/** What the exchange needs beside its handshake. */
export interface H3WebTransportParts extends SessionParts {
  /** Knows all sessions of the connection. */
  readonly owner: WebTransportConnection;
}

/** One handshake as a {@link WebTransportExchange}. */
export class H3WebTransportExchange implements WebTransportExchange, H3Upgrade {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly protocols: readonly string[];
  readonly observation: Observation | undefined;
  readonly #handshake: H3Exchange;
  readonly #parts: H3WebTransportParts;
  #accepted = false;
  #session: H3WebTransportSession | undefined;

  /** @param handshake The exchange of the extended CONNECT, not yet responded to. */
  constructor(handshake: H3Exchange, parts: H3WebTransportParts) {
    this.#handshake = handshake;
    this.#parts = parts;
    this.request = handshake.request;
    this.peer = handshake.peer;
    this.observation = handshake.observation;
    const offered = combineField(handshake.request.fields, "wt-available-protocols");
    this.protocols = parseAvailableProtocols(offered ?? null);
  }

  /** Whether it was accepted, so that the stream carries capsules. */
  get accepted(): boolean {
    return this.#accepted;
  }

  get signal(): AbortSignal {
    return this.#handshake.signal;
  }

  async accept({ protocol, fields = [] }: WebTransportAcceptOptions = {}): Promise<
    WebTransportSession
  > {
    this.#checkUnanswered();
    this.#checkProtocol(protocol);
    checkSessionFields(fields);
    if (this.#parts.inFlight.draining) {
      throw new HandshakeError(503, "the server is shutting down", [], "WebTransport");
    }
    const own = handshakeFields(this.request.fields, protocol);
    await this.#handshake.respond({ status: 200, fields: [...fields, ...own] });
    if (this.#handshake.state !== "responding") throw new DisconnectError(); // by then
    this.#handshake.handOver();
    this.#accepted = true;
    const session = this.#session = new H3WebTransportSession(this.#parts);
    this.#parts.owner.onSession(session);
    session.start(); // last: what the client sent ahead may end all of this
    return session;
  }

  async respond(head: ResponseHead): Promise<void> {
    if (head.status >= 200 && head.status < 300) {
      throw new ApplicationError(
        `Cannot deny the WebTransport session with status ${head.status}: that accepts it. ` +
          "Deny it with another status, e.g. 403",
      );
    }
    await this.#handshake.respond(head);
    this.#parts.owner.onNoSession(this.#parts.id);
  }

  write(chunk: Content): Promise<void> {
    return this.#handshake.write(chunk);
  }

  end(): Promise<void> {
    return this.#handshake.end();
  }

  abort(error: Error): void {
    if (this.#session) this.#session.fail(error);
    else this.#handshake.abort(error);
  }

  /** The client left, or is to be answered in place of the application. As {@link H3Exchange.onLost}. */
  onLost(cause: unknown, status: number | null, fields: FieldList = []): boolean {
    if (this.#session === undefined) return this.#handshake.onLost(cause, status, fields);
    this.#session.lose();
    return true;
  }

  /** The application has returned, which closes a session that is open. @throws What is wrong with that. */
  checkReturn(): void {
    if (this.#session) return this.#session.close();
    if (this.#handshake.state === "ended") return;
    throw this.signal.aborted ? new DisconnectError() : new ApplicationError(INCOMPLETE);
  }

  /** A client that is lost is for the response to tell. */
  #checkUnanswered(): void {
    const { state } = this.#handshake;
    if (state === "initial" || state === "aborted") return;
    throw new ApplicationError(
      "Cannot accept the WebTransport session: its request was answered already",
    );
  }

  #checkProtocol(chosen: string | undefined): void {
    if (chosen === undefined || this.protocols.includes(chosen)) return;
    throw new ApplicationError(
      `Cannot accept the WebTransport session: protocol "${chosen}" is not among those offered (${
        this.protocols.join(", ") || "none"
      })`,
    );
  }
}

const INCOMPLETE = "The application returned without completing its response";

/** Fields that an application cannot add to the response that accepts: why, and what to do. */
const OWNED: ReadonlyMap<string, string> = new Map([
  [
    "wt-protocol",
    `the server sends it. Choose a protocol with "protocols" (fetch) or "protocol" (ASGI)`,
  ],
  ["sec-webtransport-http3-draft", "the server sends it to clients that expect it. Leave it out"],
  ["content-length", "how long a session will be is not known. Leave it out"],
]);

function checkSessionFields(fields: FieldList): void {
  checkFields(fields);
  for (const [name] of fields) {
    const reason = OWNED.get(name);
    if (reason === undefined) continue;
    throw new ApplicationError(
      `Cannot accept the WebTransport session with field "${name}": ${reason}`,
    );
  }
}

/** Clients that say they speak draft 02, as browsers do, want to hear that we do. */
function handshakeFields(request: FieldList, protocol: string | undefined): Field[] {
  const fields: Field[] = [];
  if (hasField(request, "sec-webtransport-http3-draft02")) {
    fields.push(["sec-webtransport-http3-draft", "draft02"]);
  }
  if (protocol !== undefined) fields.push(["wt-protocol", serializeProtocol(protocol)]);
  return fields;
}
