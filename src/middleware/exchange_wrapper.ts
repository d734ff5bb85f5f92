/**
 * Exchanges around exchanges, for middleware that changes what an application sees or sends.
 *
 * @module
 */

import type { Content } from "../content.ts";
import type {
  AcceptOptions,
  Exchange,
  ExchangeSupport,
  InformationalHead,
  PeerInfo,
  RequestHead,
  ResponseHead,
  ResponseWriter,
  WebSocketEvent,
  WebSocketExchange,
} from "../exchange.ts";
import type { FieldList } from "../fields.ts";
import type { Observation } from "../observation.ts";
import type {
  WebTransportAcceptOptions,
  WebTransportExchange,
  WebTransportSession,
} from "../webtransport_exchange.ts";

/** A request, or the handshake of something longer. */
export type AnyExchange = Exchange | WebSocketExchange | WebTransportExchange;

/** What the application is to see; what is absent is as the inner exchange says. */
export interface SeenInstead {
  /** The request head. */
  readonly request?: RequestHead;
  /** Addresses. */
  readonly peer?: PeerInfo;
}

/** What all kinds share. Getters stay getters: a driver may make a signal only when it is looked at. */
abstract class Wrapper<T extends AnyExchange> implements ResponseWriter {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  /** What is wrapped. */
  protected readonly inner: T;

  constructor(inner: T, { request, peer }: SeenInstead = {}) {
    this.inner = inner;
    this.request = request ?? inner.request;
    this.peer = peer ?? inner.peer;
  }

  get observation(): Observation | undefined {
    return this.inner.observation;
  }

  get signal(): AbortSignal {
    return this.inner.signal;
  }

  respond(head: ResponseHead): Promise<void> {
    return this.inner.respond(head);
  }

  write(chunk: Content): Promise<void> {
    return this.inner.write(chunk);
  }

  end(trailers?: FieldList): Promise<void> {
    return this.inner.end(trailers);
  }

  abort(error: Error): void {
    this.inner.abort(error);
  }
}

/** Delegates every member of an {@link Exchange}; a subclass overrides what it changes. */
export class ExchangeWrapper extends Wrapper<Exchange> implements Exchange {
  get supports(): ExchangeSupport {
    return this.inner.supports;
  }

  read(): Promise<Uint8Array | null> {
    return this.inner.read();
  }

  trailers(): Promise<FieldList | null> {
    return this.inner.trailers();
  }

  inform(head: InformationalHead): Promise<void> {
    return this.inner.inform(head);
  }

  sendFile(path: string): Promise<void> {
    return this.inner.sendFile(path);
  }
}

/** Delegates every member of a {@link WebSocketExchange}; a subclass overrides what it changes. */
export class WebSocketExchangeWrapper extends Wrapper<WebSocketExchange>
  implements WebSocketExchange {
  get subprotocols(): readonly string[] {
    return this.inner.subprotocols;
  }

  get buffered(): number | undefined {
    return this.inner.buffered;
  }

  get extensions(): string | undefined {
    return this.inner.extensions;
  }

  get closing(): boolean | undefined {
    return this.inner.closing;
  }

  accept(options?: AcceptOptions): Promise<void> {
    return this.inner.accept(options);
  }

  receive(): Promise<WebSocketEvent> {
    return this.inner.receive();
  }

  send(data: string | Uint8Array): Promise<void> {
    return this.inner.send(data);
  }

  close(code?: number, reason?: string): Promise<void> {
    return this.inner.close(code, reason);
  }
}

/** Delegates every member of a {@link WebTransportExchange}; a subclass overrides what it changes. */
export class WebTransportExchangeWrapper extends Wrapper<WebTransportExchange>
  implements WebTransportExchange {
  get protocols(): readonly string[] {
    return this.inner.protocols;
  }

  accept(options?: WebTransportAcceptOptions): Promise<WebTransportSession> {
    return this.inner.accept(options);
  }
}
