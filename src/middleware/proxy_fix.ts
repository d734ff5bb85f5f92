/**
 * Behind a reverse proxy.
 *
 * @module
 */

import type { Composition } from "../composition.ts";
import { ConfigError } from "../errors.ts";
import type { PeerInfo, RequestHead } from "../exchange.ts";
import type { FieldList } from "../fields.ts";
import type { FetchFramework, Framework } from "../framework_types.ts";
import { describe } from "../misuse.ts";
import type { ForwardedOrigin } from "../observation.ts";
import {
  type ClaimReader,
  type Claims,
  itemAt,
  itemUpTo,
  originOf,
  readLegacy,
  readModern,
} from "./claims.ts";
import {
  type AnyExchange,
  ExchangeWrapper,
  type SeenInstead,
  WebSocketExchangeWrapper,
  WebTransportExchangeWrapper,
} from "./exchange_wrapper.ts";
import { parseNode } from "./forwarded.ts";
import { TrustedPeers } from "./trusted.ts";
import { wrap } from "./wrap.ts";

/** Options of {@link proxyFix}. */
export interface ProxyFixOptions {
  /**
   * Which fields the proxy writes: `"legacy"` is `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`, `"modern"` is
   * `Forwarded` (RFC 7239). Never both, for a proxy that writes one lets clients write the other. Default `"legacy"`.
   */
  readonly mode?: "legacy" | "modern";
  /**
   * How many proxies are in front, each of which appends: the word of the farthest is taken. 0 believes nobody. Default 1, or
   * as many as `trusted` knows.
   */
  readonly trustedHops?: number;
  /**
   * Addresses of the proxies: IP addresses, networks such as `"10.0.0.0/8"`, and `"unix"` for connections on a Unix socket.
   * The fields of any other peer are ignored. Without `trustedHops` they are read from the nearest proxy on, as long as
   * the addresses in them are in this list, too. Default: any peer is a proxy, so none but proxies may reach the server.
   */
  readonly trusted?: readonly string[];
}

/**
 * Shows the application, and the access log, the request as the client made it: its address, scheme and host are taken from
 * what trusted proxies say.
 *
 * ASGI sees them in `client`, `scheme` and the `host` header, WSGI in `REMOTE_ADDR`, `wsgi.url_scheme` and `HTTP_HOST`, fetch
 * in `info.remoteAddr` and `request.url`. A client that the proxy hides is called what the proxy calls it, such as
 * `unknown` or `_a1b2`, which is no IP address. The port is 0 unless it was told.
 *
 * What is malformed is ignored, each part on its own. `X-Forwarded-Port` and `X-Forwarded-Prefix` are not read. The fields
 * stay where they are. `server_names` is about the host that the proxy sent, not about this one.
 *
 * @param app The application, in any form.
 * @throws {ConfigError} For an option that cannot be used.
 *
 * @example
 * ```ts
 * import { serve } from "jsr:@x/hypercorn";
 * import { proxyFix, redirectToHttps } from "jsr:@x/hypercorn/middleware";
 *
 * const app = (request: Request) => new Response(`${request.url}\n`);
 * await serve(proxyFix(redirectToHttps(app), { mode: "modern", trusted: ["unix", "10.0.0.0/8"] }));
 * ```
 */
export function proxyFix(app: FetchFramework, options?: ProxyFixOptions): Composition;
/** Believes proxies about requests for an application of any form, see the first signature. */
export function proxyFix(app: Framework, options?: ProxyFixOptions): Composition;
export function proxyFix(app: Framework, options: ProxyFixOptions = {}): Composition {
  const believe = believer(options);
  return wrap(app, ({ http, websocket, webtransport }) => ({
    http: (exchange) => {
      const seen = believe(exchange);
      return http(seen ? new ExchangeWrapper(exchange, seen) : exchange);
    },
    websocket: (exchange) => {
      const seen = believe(exchange);
      return websocket(seen ? new WebSocketExchangeWrapper(exchange, seen) : exchange);
    },
    ...(webtransport && {
      webtransport: (exchange) => {
        const seen = believe(exchange);
        return webtransport(seen ? new WebTransportExchangeWrapper(exchange, seen) : exchange);
      },
    }),
  }));
}

/** Finds what to show instead of a request, and tells whoever observes it; `null` when nobody is believed. */
type Believer = (exchange: AnyExchange) => SeenInstead | null;

function believer({ mode = "legacy", trustedHops, trusted }: ProxyFixOptions): Believer {
  const read = readerOf(mode);
  const peers = trusted && new TrustedPeers(trusted);
  checkHops(trustedHops);
  const choose = peers && trustedHops === undefined
    ? (claims: Claims) => chooseByAddress(claims, peers)
    : (claims: Claims) => chooseByHops(claims, trustedHops ?? 1);
  return (exchange) => {
    if (peers && !peers.hasPeer(exchange.peer.client)) return null;
    const origin = choose(read(exchange.request.fields));
    if (origin === null) return null;
    exchange.observation?.forwarded(origin);
    return {
      request: requestFrom(origin, exchange.request),
      peer: peerFrom(origin, exchange.peer),
    };
  };
}

function readerOf(mode: unknown): ClaimReader {
  if (mode === "legacy") return readLegacy;
  if (mode === "modern") return readModern;
  throw unusable("mode", `"legacy" or "modern"`, mode);
}

function checkHops(hops: number | undefined): void {
  if (hops === undefined || (Number.isSafeInteger(hops) && hops >= 0)) return;
  throw unusable("trustedHops", "a whole number >= 0", hops);
}

function unusable(key: string, expected: string, value: unknown): ConfigError {
  return new ConfigError({ key, expected, received: describe(value) });
}

/** Each list on its own, as Hypercorn: one that is too short has nothing from the proxy that counts. */
function chooseByHops(claims: Claims, hops: number): ForwardedOrigin | null {
  const { clients, schemes, hosts } = claims;
  return originOf(itemAt(clients, hops), itemAt(schemes, hops), itemAt(hosts, hops));
}

/**
 * Goes back from proxy to proxy; the first address that is none of theirs is the client's. Many proxies replace scheme and
 * host where they append the address: such a list is shorter, and its first item from the farthest of them.
 */
function chooseByAddress(claims: Claims, peers: TrustedPeers): ForwardedOrigin | null {
  const { clients, schemes, hosts } = claims;
  let hops = 1;
  while (hops < clients.length && isProxy(itemAt(clients, hops), peers)) hops++;
  return originOf(itemAt(clients, hops), itemUpTo(schemes, hops), itemUpTo(hosts, hops));
}

function isProxy(client: string, peers: TrustedPeers): boolean {
  const node = parseNode(client);
  return node !== null && peers.hasAddress(node.hostname);
}

/** The members are named one by one: those of a driver's object may be getters, which a spread leaves behind. */
function requestFrom({ scheme, authority }: ForwardedOrigin, request: RequestHead): RequestHead {
  return {
    method: request.method,
    scheme: scheme ?? request.scheme,
    authority: authority ?? request.authority,
    target: request.target,
    httpVersion: request.httpVersion,
    fields: authority === undefined ? request.fields : withHost(request.fields, authority),
  };
}

/** One host field, the last, as in Hypercorn. */
function withHost(fields: FieldList, authority: string): FieldList {
  return [...fields.filter(([name]) => name !== "host"), ["host", authority]];
}

function peerFrom({ client }: ForwardedOrigin, peer: PeerInfo): PeerInfo {
  if (client === undefined) return peer;
  const { server, tls } = peer;
  return { client, server, ...(tls && { tls }) };
}
