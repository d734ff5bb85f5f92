/**
 * What the parts of the HTTP/3 driver share with their listener.
 *
 * @module
 */

import type { PeerInfo } from "../exchange.ts";
import type { FieldList } from "../fields.ts";
import type { H3RequestHead, RequestStream, WebTransportStart } from "../h3/mod.ts";
import type { QuicBidirectionalStream } from "../quic/transport.ts";
import type { H3Timeouts } from "./h3_deadlines.ts";
import type { H3Gate } from "./h3_gate.ts";
import type { H3Input } from "./h3_input.ts";
import type { H3Observation } from "./h3_observation.ts";
import type { H3ResponseWriter } from "./h3_response.ts";
import type { ListenerSettings } from "./serve_context.ts";
import type { WebTransportConnection } from "./webtransport_connection.ts";
import type { WebTransportSettings } from "./webtransport_settings.ts";

/** Settings of an HTTP/3 listener. */
export interface H3Settings extends ListenerSettings {
  /** Whether responses get `date` (RFC 9110 §6.6.1), which elsewhere the runtime adds. */
  readonly includeDateHeader: boolean;
  /** Bytes of a decoded field section; larger requests get 431. */
  readonly maxFieldSectionSize: number;
  /**
   * Requests of one connection in progress. Handlers that still run after their stream was reset count, so resetting
   * does not buy more of them (CVE-2023-44487).
   */
  readonly maxConcurrentRequests: number;
  /** Seconds a connection lives on for its other streams when one response had to be broken off. */
  readonly gracefulTimeout: number;
  /** How long connections wait, and for what. */
  readonly timeouts: H3Timeouts;
  /** WebTransport. */
  readonly webtransport: WebTransportSettings;
}

/** What is in memory for a listener, for tests and diagnosis: all of it is 0 when nobody is connected. */
export interface H3Counts {
  /** Open connections. */
  readonly connections: number;
  /** Requests whose handler runs or whose response is not sent. */
  readonly requests: number;
  /** Request streams, and halves of streams of WebTransport sessions, that are not over. */
  readonly streams: number;
}

/** The connection as its request streams see it. */
export interface H3Owner {
  /** Settings. */
  readonly settings: H3Settings;
  /** Whether the connection is over, so that nothing more comes although no stream has ended. */
  readonly over: boolean;
  /** Writes at once what waits for our control and encoder streams. */
  flush(): void;
  /** Writes what waits for our decoder stream, soon: acknowledgements of many requests go out together. */
  acknowledge(): void;
  /** Charges the client for input that did nothing, `what` in the plural; ends the connection when it is too much. */
  spend(what: string): void;
  /** Ends the connection because of `error`: its code when it is an `H3Error`, otherwise H3_INTERNAL_ERROR. */
  fail(error: unknown): void;
  /**
   * A response was broken off: no new requests, the others finish, then the connection is closed with an error.
   *
   * @param reason Why it was, for the log.
   */
  breakOff(reason: string): void;
  /** Has what requests wait for looked at in `milliseconds` at the latest; returns when that is. */
  within(milliseconds: number): number;
  /** Parts of responses that the client took so far, on all streams. */
  taken: number;
  /** Settles when a client that has reset its request would have stopped the response, too, or is gone. */
  untilStopped(): Promise<void>;
  /** When requests may begin. */
  readonly gate: H3Gate;
  /** WebTransport; `null` where there is none. */
  readonly webtransport: WebTransportConnection | null;
  /** Whether a request on this stream is served: not when our GOAWAY said otherwise. */
  accepts(streamId: number): boolean;
}

/** What a request stream tells its connection. At most one of the two, and once. */
export interface StreamEvents {
  /** Both halves of the stream are over, whether or not the application has returned. */
  onOver(streamId: number, truncated: boolean): void;
  /** It is no request stream, but belongs to a WebTransport session. */
  onSessionStream(stream: QuicBidirectionalStream, start: WebTransportStart): void;
}

/** An extended CONNECT: a handshake, and what comes of it. */
export interface H3Upgrade {
  /** Whether it was accepted, so that the stream is no exchange any more. */
  readonly accepted: boolean;
  /** The client left, or is to be answered in place of the application. As `H3Exchange.onLost`. */
  onLost(cause: unknown, status: number | null, fields?: FieldList): boolean;
  /** The application failed, or gave up. */
  abort(error: Error): void;
  /** @throws What is wrong when the application returns now. */
  checkReturn(): void;
}

/** The parts an exchange over HTTP/3 is made of. */
export interface H3ExchangeParts {
  /** Head of the request. */
  readonly head: H3RequestHead;
  /** Addresses of the connection. */
  readonly peer: PeerInfo;
  /** Encodes the answer. */
  readonly machine: RequestStream;
  /** Content of the request. */
  readonly input: H3Input;
  /** Sends the answer. */
  readonly writer: H3ResponseWriter;
  /** The connection. */
  readonly owner: H3Owner;
  /** Told of the answer; `null` when nobody takes note of this request. */
  readonly observed: H3Observation | null;
}
