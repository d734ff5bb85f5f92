/**
 * A WebSocket exchange over HTTP/3: an extended CONNECT, and what happens once it was accepted.
 *
 * Until then the handshake is an ordinary exchange, so denying it is that exchange's business. What the client sends
 * ahead waits in the transport.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8441#section-5 | RFC 8441 §5}
 * @module
 */

import type { Content } from "../content.ts";
import { ApplicationError, DisconnectError, HandshakeError } from "../errors.ts";
import {
  type AcceptOptions,
  nextWebSocketState,
  type PeerInfo,
  type RequestHead,
  type ResponseHead,
  type WebSocketCall,
  type WebSocketEvent,
  type WebSocketExchange,
  type WebSocketState,
} from "../exchange.ts";
import { combineField, type Field, type FieldList } from "../fields.ts";
import type { Observation } from "../observation.ts";
import { checkClose } from "../websocket_close.ts";
import { acceptDeflate, type DeflateAgreement, parseExtensions } from "../websocket/mod.ts";
import { ZLIB } from "./deflate_codec.ts";
import type { H3Exchange } from "./h3_exchange.ts";
import { H3Socket, type H3SocketParts } from "./h3_socket.ts";
import { checkAcceptFields, checkSubprotocol, offeredSubprotocols } from "./handshake.ts";

/** One WebSocket over HTTP/3 as a {@link WebSocketExchange}. */
export class H3WebSocketExchange implements WebSocketExchange {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly subprotocols: readonly string[];
  readonly observation: Observation | undefined;
  readonly #handshake: H3Exchange;
  readonly #parts: H3SocketParts;
  #state: WebSocketState = "handshake";
  #accepted = false;
  #socket: H3Socket | undefined;
  #extensions = "";

  /** @param handshake The exchange of the extended CONNECT, not yet responded to. */
  constructor(handshake: H3Exchange, parts: H3SocketParts) {
    this.#handshake = handshake;
    this.#parts = parts;
    this.request = handshake.request;
    this.peer = handshake.peer;
    this.observation = handshake.observation;
    const { fields } = handshake.request;
    this.subprotocols = offeredSubprotocols({ get: (name) => combineField(fields, name) ?? null });
  }

  /** State, for the driver. */
  get state(): WebSocketState {
    return this.#socket?.closed ? "closed" : this.#state;
  }

  /** Whether it was accepted, so that the stream carries frames of WebSockets. */
  get accepted(): boolean {
    return this.#accepted;
  }

  get signal(): AbortSignal {
    return this.#handshake.signal;
  }

  get buffered(): number {
    return this.#socket?.buffered ?? 0;
  }

  get extensions(): string {
    return this.#extensions;
  }

  get closing(): boolean {
    return this.#socket?.closing ?? false;
  }

  async accept({ subprotocol, fields = [], idleTimeout }: AcceptOptions = {}): Promise<void> {
    const next = this.#next("accept");
    checkSubprotocol(subprotocol, this.subprotocols);
    checkAcceptFields(fields);
    if (this.#parts.settings.inFlight.draining) {
      throw new HandshakeError(503, "the server is shutting down", []);
    }
    const agreement = this.#agree();
    const answer = [...fields, ...chosen(subprotocol), ...agreed(agreement)];
    await this.#handshake.respond({ status: 200, fields: answer });
    if (this.#handshake.state !== "responding") throw new DisconnectError(); // by then
    this.#handshake.handOver();
    this.#state = next;
    this.#accepted = true; // before it reads
    this.#extensions = agreement?.answer ?? "";
    const deflate = agreement && { codec: ZLIB, windowBits: agreement.windowBits };
    this.#socket = new H3Socket(this.#parts, { idleTimeout, deflate });
  }

  async respond(head: ResponseHead): Promise<void> {
    const next = this.#next("respond");
    if (head.status >= 200 && head.status < 300) {
      throw new ApplicationError(
        `Cannot deny the WebSocket with status ${head.status}: over HTTP/3 that accepts it (RFC 8441 §5). ` +
          "Deny it with another status, e.g. 403",
      );
    }
    await this.#handshake.respond(head);
    this.#state = next;
  }

  async write(chunk: Content): Promise<void> {
    this.#state = this.#next("write");
    await this.#handshake.write(chunk);
  }

  async end(): Promise<void> {
    const next = this.#next("end");
    await this.#handshake.end();
    this.#state = next;
  }

  abort(error: Error): void {
    if (this.#socket) this.#socket.fail(error);
    else this.#handshake.abort(error);
    this.#state = "closed";
  }

  receive(): Promise<WebSocketEvent> {
    try {
      this.#next("receive");
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#socket?.receive() ?? Promise.resolve({ type: "close", code: 1006, reason: "" });
  }

  send(data: string | Uint8Array): Promise<void> {
    try {
      if (this.#socket?.closed) this.#socket.checkOpen();
      this.#next("send");
      return this.#socket!.send(data);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  // deno-lint-ignore require-await -- errors are to be rejections
  async close(code = 1000, reason = ""): Promise<void> {
    const next = this.#next("close");
    if (this.state === "open") {
      checkClose(code, reason);
      this.#socket!.close(code, reason);
    }
    this.#state = next;
  }

  /** The client left, or is to be answered in place of the application. As {@link H3Exchange.onLost}. */
  onLost(cause: unknown, status: number | null, fields: FieldList = []): boolean {
    if (this.#socket === undefined) return this.#handshake.onLost(cause, status, fields);
    this.#socket.cut();
    return true;
  }

  /** @throws What is wrong when the application returns now. */
  checkReturn(): void {
    const { state } = this;
    if (state === "open") throw new ApplicationError(NOT_CLOSED);
    if (state !== "handshake" && state !== "denying") return;
    throw this.signal.aborted ? new DisconnectError() : new ApplicationError(INCOMPLETE);
  }

  /**
   * Agrees on compression; `null` for none.
   *
   * @throws {HandshakeError} For a field that is not well formed, which is not looked at unless there may be compression.
   */
  #agree(): DeflateAgreement | null {
    if (!this.#parts.settings.permessageDeflate) return null;
    const offers = parseExtensions(combineField(this.request.fields, EXTENSIONS) ?? "");
    if (offers === null) throw new HandshakeError(400, `"${EXTENSIONS}" is malformed`, []);
    return acceptDeflate(offers);
  }

  #next(call: WebSocketCall): WebSocketState {
    return nextWebSocketState(this.state, call);
  }
}

const NOT_CLOSED = "The application returned without closing the WebSocket";
const INCOMPLETE = "The application returned without completing its response";

const EXTENSIONS = "sec-websocket-extensions";

function agreed(agreement: DeflateAgreement | null): Field[] {
  return agreement === null ? [] : [[EXTENSIONS, agreement.answer]];
}

function chosen(subprotocol: string | undefined): Field[] {
  return subprotocol === undefined ? [] : [["sec-websocket-protocol", subprotocol]];
}
