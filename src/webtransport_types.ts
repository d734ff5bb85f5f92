/**
 * WebTransport sessions as fetch applications have them, and which driver accepts their handshakes.
 *
 * @module
 */

/** Figures of a session, as far as they are known. */
export interface ServerWebTransportStats {
  /** Figures of datagrams. */
  readonly datagrams: {
    /** Datagrams that came and were dropped, because nobody read them in time. */
    readonly droppedIncoming: number;
  };
}

/**
 * Datagrams of a session. They are sent at once or not at all: one that is larger than `maxDatagramSize`, which follows
 * the path to the client, is dropped without a word.
 */
export interface ServerWebTransportDatagrams extends WebTransportDatagramDuplexStream {
  /**
   * Makes another stream to send datagrams by, beside `writable`: the way of newer drafts of the W3C.
   *
   * @param options `sendOrder` has no effect.
   * @throws {DOMException} `InvalidStateError` when the session is over, `NotSupportedError` for a group.
   */
  createWritable(options?: WebTransportSendStreamOptions): WebTransportSendStream;
}

/**
 * The server's end of a WebTransport session: the interface that browsers have, and a little more.
 *
 * Streams have back-pressure both ways: what nobody reads stays with the client. Of datagrams the newest 256 wait.
 * What this runtime cannot do is left out: a stream that the application gives up tells the client no code,
 * `waitUntilAvailable` is always as if `true`, and groups of streams and atomic writes are refused. The promises of pipes
 * and writers need not be looked at: they reject when the client ends a stream, and that is no unhandled rejection.
 *
 * @see {@link https://www.w3.org/TR/webtransport/ | WebTransport}
 */
export interface ServerWebTransport extends WebTransport {
  /** Application protocol that was chosen, `""` for none. */
  readonly protocol: string;
  /** `"supports-unreliable"`: datagrams are datagrams. */
  readonly reliability: "supports-unreliable";
  /** Datagrams in both directions. */
  readonly datagrams: ServerWebTransportDatagrams;
  /** Resolves when the session should come to its end soon: the client said so, or this server stops. May never settle. */
  readonly draining: Promise<void>;
  /**
   * Closes the session, which ends all its streams. A second call does nothing. Nothing is refused: a code that is no
   * integer of 32 bits is made one as the W3C says, modulo 2^32, and a reason is cut to 1024 bytes of UTF-8.
   */
  close(closeInfo?: WebTransportCloseInfo): void;
  /** Asks the client to bring the session to its end, which goes on. */
  drain(): void;
  /** Figures of the session. */
  getStats(): Promise<ServerWebTransportStats>;
}

/** Options of `upgradeWebTransport`. */
export interface WebTransportUpgradeOptions {
  /**
   * Application protocols that the handler speaks, the best first. The first of them that the client offered (`protocols`
   * of its constructor) is chosen, and is `session.protocol`; none is, where the client offered none of them.
   */
  readonly protocols?: readonly string[];
  /** Further fields of the response that accepts. */
  readonly headers?: HeadersInit;
}

/** Result of `upgradeWebTransport`: return `response` from the handler, talk through `session`. */
export interface WebTransportUpgrade {
  /** The server's end of the session; it is `ready` once `response` was sent. */
  readonly session: ServerWebTransport;
  /** The response that accepts; its status is 101, as for WebSockets, and the client gets 200. */
  readonly response: Response;
}

/** A driver's way of accepting the handshake in a request. */
export type WebTransportUpgrader = (options: WebTransportUpgradeOptions) => WebTransportUpgrade;

/** Registered, for the application may import another version of this package than the one that serves it. */
const UPGRADER = Symbol.for("@x/hypercorn.webtransport_upgrader");

/** Leaves `upgrader` on the request of a handshake. */
export function setWebTransportUpgrader(request: Request, upgrader: WebTransportUpgrader): void {
  (request as { [UPGRADER]?: WebTransportUpgrader })[UPGRADER] = upgrader;
}

/** The upgrader left on a request, if it is a handshake. */
export function getWebTransportUpgrader(request: Request): WebTransportUpgrader | undefined {
  return (request as { [UPGRADER]?: WebTransportUpgrader })[UPGRADER];
}
