/**
 * `upgradeWebSocket` and `upgradeWebTransport`, whatever driver the request came from.
 *
 * @module
 */

import { resolveConfig } from "../config/mod.ts";
import { upgradeNative } from "../protocol/guarded_socket.ts";
import { HandshakeError } from "../errors.ts";
import { describe } from "../misuse.ts";
import { InFlight } from "../protocol/in_flight.ts";
import {
  getUpgrader,
  type UpgradeOptions,
  type Upgrader,
  type WebSocketUpgrade,
} from "../upgrade.ts";
import {
  getWebTransportUpgrader,
  type WebTransportUpgrade,
  type WebTransportUpgradeOptions,
} from "../webtransport_types.ts";

/**
 * Upgrades a request to a WebSocket: return `response` from the handler and talk through `socket`.
 *
 * Beyond `Deno.upgradeWebSocket` the method, version and key are checked, messages over
 * `websocket_max_message_size` close with 1009, a close handshake ends within 5 s, an exception in a listener (or a
 * handler that fails after the upgrade) is logged and closes with 1011 instead of ending the process, a lost
 * connection is one close event with code 1006, and a server that stops closes with 1001. Binary messages arrive as
 * `ArrayBuffer`. `socket.send()` never waits: watch `socket.bufferedAmount` before sending much. A client that does not
 * read is cut when more than 64 MiB wait for it, and when it takes none of more than 1 MiB for a minute; `close()` sends
 * what waits first.
 *
 * @throws {ApplicationError} When `options.headers` has a field the handshake itself owns, or on a second call.
 * @throws {HandshakeError} When the request is no valid handshake or `options.protocol` was not offered. Let it pass:
 * the server answers with 400, 405 or 426 and the fields the client needs.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-4.2 | RFC 6455 §4.2}
 *
 * @example
 * ```ts
 * import { serve, upgradeWebSocket } from "jsr:@x/hypercorn";
 *
 * await serve((request) => {
 *   const { socket, response } = upgradeWebSocket(request);
 *   socket.onmessage = (event) => socket.send(event.data);
 *   return response;
 * });
 * ```
 */
export function upgradeWebSocket(request: Request, options: UpgradeOptions = {}): WebSocketUpgrade {
  checkCall("upgradeWebSocket", getUpgrader, request, options);
  const upgrade = getUpgrader(request);
  if (upgrade === undefined && asksFor(request, "websocket") && !request.headers.has(KEY)) {
    throw new HandshakeError(400, KEYLESS, []);
  }
  return (upgrade ?? foreignUpgrader())(request, options);
}

const KEY = "sec-websocket-key";
const PASS_THAT = "such as new Request(request) makes: pass the one that the handler was given";
const KEYLESS = `there is no "${KEY}". Over HTTP/3 that shows a copy of the request, ${PASS_THAT}`;

/** What TypeScript would have refused. @throws {TypeError} */
function checkCall(
  name: string,
  upgraderOf: (request: Request) => unknown,
  request: unknown,
  options: unknown,
): void {
  const isRequest = request instanceof Request ||
    Boolean(request && upgraderOf(request as Request));
  if (!isRequest) {
    throw new TypeError(
      `Cannot call ${name}(): expected the Request that the handler was given, received ${
        describe(request)
      }`,
    );
  }
  if (typeof options === "object" && options !== null) return;
  throw new TypeError(
    `Cannot call ${name}(): expected options in an object, received ${describe(options)}`,
  );
}

function checkProtocols(protocols: unknown): void {
  if (protocols === undefined) return;
  if (Array.isArray(protocols) && protocols.every((name) => typeof name === "string")) return;
  throw new TypeError(
    `Cannot call upgradeWebTransport(): expected "protocols" to be names in an array, such as ` +
      `["chat"], received ${describe(protocols)}`,
  );
}

function asksFor({ headers }: Request, protocol: "websocket" | "webtransport"): boolean {
  return headers.get("upgrade")?.toLowerCase() === protocol;
}

let foreign: Upgrader | undefined;

/** For requests of a server that is not ours, such as `deno serve`: the default limits, and no shutdown. */
function foreignUpgrader(): Upgrader {
  if (foreign === undefined) {
    const { websocketMaxMessageSize: maxMessageSize, websocketPingInterval: pingInterval } =
      resolveConfig();
    const settings = { maxMessageSize, pingInterval, inFlight: new InFlight() };
    foreign = (request, options) => upgradeNative(request, options, settings);
  }
  return foreign;
}

/**
 * Accepts a WebTransport session: return `response` from the handler and talk through `session`.
 *
 * A handshake comes as a GET with the field `upgrade: webtransport`, beside the other requests of an HTTP/3 connection
 * (option `quic_bind`). A handler that does not call this denies it with what it returns, a success with 501. The session
 * lives until one side closes it or the connection is lost; a server that stops tells it by `session.draining` first.
 *
 * `session` has the interface of browsers, seen from the other end. Where the client ends a stream or the session, reads,
 * writes and `closed` reject with a `WebTransportError`. One of these that nobody catches does not end the process, as
 * rejections else do: catch them to learn that a client has left.
 *
 * @throws {ApplicationError} On a second call.
 * @throws {TypeError} For arguments of other types.
 * @throws {HandshakeError} When the request is no handshake of WebTransport, as any over HTTP/1.1 and HTTP/2, or a copy of
 * one. Let it pass: the server answers with 501.
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3 | WebTransport over HTTP/3}
 *
 * @example
 * ```ts
 * import { serve, upgradeWebTransport } from "jsr:@x/hypercorn";
 *
 * async function echo(session: WebTransport) {
 *   for await (const { readable, writable } of session.incomingBidirectionalStreams) {
 *     readable.pipeTo(writable);
 *   }
 * }
 *
 * await serve((request) => {
 *   if (request.headers.get("upgrade") !== "webtransport") return new Response("Hello\n");
 *   const { session, response } = upgradeWebTransport(request);
 *   echo(session).catch((error) => console.log(`The session was lost: ${error}`));
 *   return response;
 * }, { quicBind: "localhost:4433", certfile: "cert.pem", keyfile: "key.pem" });
 * ```
 */
export function upgradeWebTransport(
  request: Request,
  options: WebTransportUpgradeOptions = {},
): WebTransportUpgrade {
  checkCall("upgradeWebTransport", getWebTransportUpgrader, request, options);
  checkProtocols(options.protocols);
  const upgrade = getWebTransportUpgrader(request);
  if (upgrade !== undefined) return upgrade(options);
  const reason = asksFor(request, "webtransport") ? COPY : NO_HANDSHAKE;
  throw new HandshakeError(501, reason, [], "WebTransport");
}

const COPY = `this is no request over HTTP/3, or a copy of it, ${PASS_THAT}`;
const NO_HANDSHAKE = "the request is none. WebTransport needs HTTP/3: " +
  `set "quic_bind", and have the client call new WebTransport(url)`;
