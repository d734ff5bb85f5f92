/**
 * A WebSocket exchange over `Deno.serve` and `Deno.upgradeWebSocket`.
 *
 * Until it is accepted the handshake is an ordinary exchange, so denying it is that exchange's business. What
 * the client sends before the accept waits in the transport.
 *
 * @module
 */

import type { Content } from "../content.ts";
import { DisconnectError } from "../errors.ts";
import {
  type AcceptOptions,
  nextWebSocketState,
  type PeerInfo,
  type RequestHead,
  type ResponseHead,
  SETTLED,
  type WebSocketCall,
  type WebSocketEvent,
  type WebSocketExchange,
  type WebSocketState,
} from "../exchange.ts";
import {
  WEBSOCKET_CLOSE_TIMEOUT_MS,
  WEBSOCKET_QUEUE_OVERHEAD_BYTES,
  WEBSOCKET_RECEIVE_QUEUE_BYTES,
} from "../limits.ts";
import { checkClose } from "../websocket_close.ts";
import { Fifo } from "../fifo.ts";
import { type GuardedUpgrade, upgradeGuarded, type WebSocketSettings } from "./guarded_socket.ts";
import { checkAcceptFields, checkSubprotocol, offeredSubprotocols } from "./handshake.ts";
import type { ServeExchange } from "./serve_exchange.ts";
import type { ServeObservation } from "./serve_observation.ts";

const LEFT = "The client disconnected during the WebSocket handshake";

/** One WebSocket under `Deno.serve` as a {@link WebSocketExchange}. */
export class ServeWebSocketExchange implements WebSocketExchange {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly subprotocols: readonly string[];
  readonly #native: Request;
  readonly #handshake: ServeExchange;
  readonly #settings: WebSocketSettings;
  readonly #queue = new Fifo<string | Uint8Array>();
  #queuedBytes = 0;
  #state: WebSocketState = "handshake";
  #upgrade: GuardedUpgrade | undefined;
  /** Waiting `receive()` calls, each for one event. */
  readonly #receivers: ((event: WebSocketEvent) => void)[] = [];
  #closed: WebSocketEvent | undefined;
  #opened = () => {};

  /** @param handshake The exchange of the handshake request, not yet responded to. */
  constructor(native: Request, handshake: ServeExchange, settings: WebSocketSettings) {
    this.#native = native;
    this.#handshake = handshake;
    this.#settings = settings;
    this.request = handshake.request;
    this.peer = handshake.peer;
    this.subprotocols = offeredSubprotocols(native.headers);
  }

  get observation(): ServeObservation | undefined {
    return this.#handshake.observation;
  }

  /** State, for the driver. */
  get state(): WebSocketState {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#handshake.signal;
  }

  get buffered(): number {
    return this.#upgrade?.socket.bufferedAmount ?? 0;
  }

  get closing(): boolean {
    return this.#upgrade?.closing() ?? false;
  }

  async accept(options: AcceptOptions = {}): Promise<void> {
    const next = this.#next("accept");
    const { subprotocol, fields = [], idleTimeout } = options;
    checkSubprotocol(subprotocol, this.subprotocols);
    checkAcceptFields(fields);
    if (this.#native.signal.aborted) throw new DisconnectError(LEFT);
    const opened = this.#handshake.complete(() => {
      const upgrade = upgradeGuarded(
        this.#native,
        {
          headers: fields as [string, string][],
          ...(subprotocol === undefined ? {} : { protocol: subprotocol }),
          ...(idleTimeout === undefined ? {} : { idleTimeout }),
        },
        this.#settings,
        { observation: this.observation ?? null, onMessage: (data) => this.#onMessage(data) },
      );
      this.#upgrade = upgrade;
      return { response: upgrade.response, result: this.#listen(upgrade.socket) };
    });
    this.#state = next;
    await opened;
  }

  async respond(head: ResponseHead): Promise<void> {
    const next = this.#next("respond");
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
    if (this.#state === "handshake" || this.#state === "denying") this.#handshake.abort(error);
    else if (this.#state === "open") this.#fail(this.#upgrade!.socket);
    this.#state = "closed";
  }

  receive(): Promise<WebSocketEvent> {
    try {
      this.#next("receive");
    } catch (error) {
      return Promise.reject(error);
    }
    const data = this.#queue.shift();
    if (data !== undefined) {
      this.#queuedBytes -= data.length + WEBSOCKET_QUEUE_OVERHEAD_BYTES;
      return Promise.resolve({ type: "message", data });
    }
    if (this.#closed) return Promise.resolve(this.#closed);
    return new Promise((resolve) => this.#receivers.push(resolve));
  }

  send(data: string | Uint8Array): Promise<void> {
    try {
      this.#checkOpen();
      this.#next("send");
      const upgrade = this.#upgrade!;
      upgrade.socket.send(data as string | Uint8Array<ArrayBuffer>);
      const ready = upgrade.ready();
      return ready === undefined ? SETTLED : this.#sendable(ready);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(code = 1000, reason = ""): Promise<void> {
    try {
      const next = this.#next("close");
      if (this.#state === "open") {
        checkClose(code, reason);
        this.#upgrade!.socket.close(code, reason);
      }
      this.#state = next;
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @throws {DisconnectError} When the end came while this waited, and it was not the application who closed. */
  async #sendable(ready: Promise<void>): Promise<void> {
    await ready;
    if (this.#closed) this.#checkOpen();
  }

  #next(call: WebSocketCall): WebSocketState {
    return nextWebSocketState(this.#state, call);
  }

  #fail(socket: WebSocket): void {
    if (socket.readyState === WebSocket.OPEN) this.observation?.fail();
    socket.close(1011, "Internal error");
  }

  /** @throws {DisconnectError} When nothing can be sent and it was not the application who closed. */
  #checkOpen(): void {
    if (this.#closed) throw new DisconnectError("The WebSocket is closed");
    if (this.#state === "open" && this.#upgrade!.socket.readyState !== WebSocket.OPEN) {
      throw new DisconnectError("The WebSocket is closing"); // by a limit or the stop of the server
    }
  }

  /** @returns A promise that settles when the socket is open, or rejects when the client left before. */
  #listen(socket: WebSocket): Promise<void> {
    const opened = Promise.withResolvers<void>();
    // The runtime has no event for a client that leaves between the upgrade and its response.
    const timer = setTimeout(() => {
      this.observation?.ended("aborted");
      this.#onClose({ code: 1006, reason: "" });
    }, this.#settings.closeTimeoutMs ?? WEBSOCKET_CLOSE_TIMEOUT_MS);
    this.#opened = () => {
      clearTimeout(timer);
      if (this.#closed) opened.reject(new DisconnectError(LEFT));
      else opened.resolve();
    };
    socket.addEventListener("open", () => {
      if (this.#closed) socket.close(1001); // later than anyone waited for
      this.#opened();
    }, { once: true });
    socket.addEventListener("close", (event) => this.#onClose(event));
    return opened.promise;
  }

  #onMessage(data: string | ArrayBuffer): void {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    const receiver = this.#receivers.shift();
    if (receiver) return receiver({ type: "message", data: message });
    this.#queue.push(message);
    this.#queuedBytes += message.length + WEBSOCKET_QUEUE_OVERHEAD_BYTES;
    const limit = this.#settings.receiveQueueBytes ?? WEBSOCKET_RECEIVE_QUEUE_BYTES;
    if (this.#queuedBytes > limit && this.#state === "open") {
      this.#upgrade!.socket.close(1008, "Receive queue is full");
    }
  }

  #onClose({ code, reason }: { readonly code: number; readonly reason: string }): void {
    this.#state = "closed";
    this.#closed = { type: "close", code, reason };
    this.#opened();
    for (const receiver of this.#receivers.splice(0)) receiver(this.#closed);
  }
}
