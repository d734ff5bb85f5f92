/**
 * A WebSocket exchange over `Deno.serve` and `Deno.upgradeWebSocket`.
 *
 * Until it is accepted the handshake is an ordinary exchange, so denying it is that exchange's business. What
 * the client sends before the accept waits in the transport.
 *
 * @module
 */

import { ApplicationError, DisconnectError } from "../errors.ts";
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
import type { FieldList } from "../fields.ts";
import { WEBSOCKET_RECEIVE_QUEUE_BYTES, WEBSOCKET_SEND_BUFFER_BYTES } from "../limits.ts";
import { upgradeNative, type WebSocketSettings } from "./guarded_socket.ts";
import { offeredSubprotocols } from "./handshake.ts";
import { checkFields } from "./response_head.ts";
import type { ServeExchange } from "./serve_exchange.ts";

/** Milliseconds between looks at the send buffer; the runtime has no event for it. */
const BUFFER_POLL_MS = 5;

/** Codes that must not be sent (RFC 6455 §7.4.1); Hypercorn sends 1000 in their place. */
const UNSENDABLE = new Set([1004, 1005, 1006, 1015]);

/** One WebSocket under `Deno.serve` as a {@link WebSocketExchange}. */
export class ServeWebSocketExchange implements WebSocketExchange {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly subprotocols: readonly string[];
  readonly #native: Request;
  readonly #handshake: ServeExchange;
  readonly #settings: WebSocketSettings;
  readonly #queue: (string | Uint8Array)[] = [];
  #queuedBytes = 0;
  #state: WebSocketState = "handshake";
  #socket: WebSocket | undefined;
  #receiver: PromiseWithResolvers<WebSocketEvent> | undefined;
  #closed: WebSocketEvent | undefined;

  /** @param handshake The exchange of the handshake request, not yet responded to. */
  constructor(native: Request, handshake: ServeExchange, settings: WebSocketSettings) {
    this.#native = native;
    this.#handshake = handshake;
    this.#settings = settings;
    this.request = handshake.request;
    this.peer = handshake.peer;
    this.subprotocols = offeredSubprotocols(native.headers);
  }

  /** State, for the driver. */
  get state(): WebSocketState {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#handshake.signal;
  }

  async accept(options: AcceptOptions = {}): Promise<void> {
    const next = this.#next("accept");
    const { subprotocol, fields = [] } = options;
    if (subprotocol !== undefined && !this.subprotocols.includes(subprotocol)) {
      throw new ApplicationError(
        `Cannot accept the WebSocket: subprotocol "${subprotocol}" is not among those offered (${
          this.subprotocols.join(", ") || "none"
        })`,
      );
    }
    checkAcceptFields(fields);
    const { socket, response } = upgradeNative(this.#native, {
      headers: fields as [string, string][],
      ...(subprotocol === undefined ? {} : { protocol: subprotocol }),
    }, this.#settings);
    this.#state = next;
    this.#socket = socket;
    const opened = this.#listen(socket);
    this.#handshake.upgrade(response);
    await opened;
  }

  async respond(head: ResponseHead): Promise<void> {
    const next = this.#next("respond");
    await this.#handshake.respond(head);
    this.#state = next;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#state = this.#next("write");
    await this.#handshake.write(chunk);
  }

  async end(): Promise<void> {
    const next = this.#next("end");
    await this.#handshake.end();
    this.#state = next;
  }

  abort(error: Error): void {
    if (this.#state === "handshake" || this.#state === "denying") this.#handshake.abort(error);
    else if (this.#state === "open") this.#socket!.close(1011, "Internal error");
    this.#state = "closed";
  }

  async receive(): Promise<WebSocketEvent> {
    this.#next("receive");
    const data = this.#queue.shift();
    if (data !== undefined) {
      this.#queuedBytes -= data.length;
      return { type: "message", data };
    }
    if (this.#closed) return this.#closed;
    this.#receiver ??= Promise.withResolvers();
    return await this.#receiver.promise;
  }

  async send(data: string | Uint8Array): Promise<void> {
    if (this.#closed) throw new DisconnectError("The WebSocket is closed");
    this.#next("send");
    const socket = this.#socket!;
    socket.send(data as string | Uint8Array<ArrayBuffer>);
    while (socket.bufferedAmount > WEBSOCKET_SEND_BUFFER_BYTES && !this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, BUFFER_POLL_MS));
    }
  }

  close(code = 1000, reason = ""): Promise<void> {
    try {
      const next = this.#next("close");
      if (this.#state === "open") this.#socket!.close(UNSENDABLE.has(code) ? 1000 : code, reason);
      this.#state = next;
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #next(call: WebSocketCall): WebSocketState {
    return nextWebSocketState(this.#state, call);
  }

  /** @returns A promise that settles when the socket is open, or rejects when the client left before. */
  #listen(socket: WebSocket): Promise<void> {
    const opened = Promise.withResolvers<void>();
    socket.addEventListener("open", () => opened.resolve(), { once: true });
    socket.addEventListener("message", (event) => this.#onMessage(event.data));
    socket.addEventListener("error", () => {}); // the close event that follows says all there is to say
    socket.addEventListener("close", (event) => {
      opened.reject(new DisconnectError("The client disconnected during the WebSocket handshake"));
      this.#onClose(event);
    }, { once: true });
    return opened.promise;
  }

  #onMessage(data: string | ArrayBuffer): void {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    if (this.#receiver) {
      this.#receiver.resolve({ type: "message", data: message });
      this.#receiver = undefined;
      return;
    }
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    if (this.#queuedBytes > WEBSOCKET_RECEIVE_QUEUE_BYTES && this.#state === "open") {
      this.#socket!.close(1008, "Receive queue is full");
    }
  }

  #onClose({ code, reason }: CloseEvent): void {
    this.#state = "closed";
    this.#closed = { type: "close", code: code === 0 ? 1006 : code, reason }; // the runtime says 0 for a lost connection
    this.#receiver?.resolve(this.#closed);
    this.#receiver = undefined;
  }
}

/** @throws {ApplicationError} For bytes that may not be sent and for fields the handshake itself owns. */
function checkAcceptFields(fields: FieldList): void {
  checkFields(fields);
  const owned = fields.find(([name]) => name.startsWith("sec-websocket-"));
  if (owned) {
    throw new ApplicationError(
      `Cannot accept the WebSocket with field "${
        owned[0]
      }": the server sends it; use the subprotocol option to choose one`,
    );
  }
}
