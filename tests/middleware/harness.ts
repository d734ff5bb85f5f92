/**
 * Applications that tell what they see, and frameworks normalised as a server does it.
 *
 * @module
 */

import { type AdapterOptions, type Form, normalise } from "../../src/app/framework.ts";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import type { Application } from "../../src/exchange.ts";
import type { FieldList } from "../../src/fields.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import type { Framework } from "../../src/framework_types.ts";
import type { ForwardedOrigin, Observation } from "../../src/observation.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import { FakeExchange, FakeWebSocketExchange } from "../_support/fake_exchange.ts";
import { FakeWebTransportExchange } from "../_support/fake_webtransport.ts";
import { LogSink } from "../_support/log_sink.ts";

/** Options of the server. */
export interface Around extends Partial<AdapterOptions> {
  /** Form of the application. */
  readonly form?: Form;
}

/** Normalises an application as a server does. */
export function applicationOf(app: Framework, { form, ...options }: Around = {}): Application {
  return normalise(app, form, {
    rootPath: "",
    maxAppQueueSize: 10,
    wsgiMaxBodySize: 1_000_000,
    multiprocess: false,
    log: new LogSink(),
    ...options,
  });
}

/** What {@link FETCH}, {@link ASGI} and {@link WSGI} answer with. */
export interface Seen {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** A fetch application that tells what it sees. */
export function fetchApp(name: string): FetchHandler {
  return (request, { remoteAddr }) =>
    Response.json({
      name,
      url: request.url,
      host: request.headers.get("host"),
      client: "port" in remoteAddr ? [remoteAddr.hostname, remoteAddr.port] : null,
    });
}

/** An ASGI application that tells what it sees; it knows the lifespan. */
export function asgiApp(name: string): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type === "lifespan") {
      await receive();
      await send({ type: "lifespan.startup.complete" });
      await receive();
      return await send({ type: "lifespan.shutdown.complete" });
    }
    const { scheme, path, raw_path, query_string, root_path, client, headers } = scope;
    const hosts = headers.filter(([name]) => name === "host").map(([, value]) => value);
    const body = JSON.stringify({
      name,
      scheme,
      path,
      raw_path,
      query_string,
      root_path,
      client,
      hosts,
      last: headers.at(-1)?.[0],
    });
    const prefix = scope.type === "http" ? "http.response" : `${scope.type}.http.response` as const;
    const status = scope.type === "webtransport" ? 403 : 200; // which would accept the session
    await send({ type: `${prefix}.start`, status, headers: [] });
    await send({ type: `${prefix}.body`, body });
  };
}

/** A WSGI application that tells what it sees. */
export function wsgiApp(name: string): WSGIFramework {
  return (environ, startResponse) => {
    startResponse("200 OK", []);
    return [JSON.stringify({
      name,
      scheme: environ["wsgi.url_scheme"],
      scriptName: environ.SCRIPT_NAME,
      pathInfo: environ.PATH_INFO,
      client: [environ.REMOTE_ADDR, Number(environ.REMOTE_PORT)],
      host: environ.HTTP_HOST,
    })];
  };
}

/** A request as a test writes it. */
export interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly authority?: string;
  readonly scheme?: "http" | "https";
  readonly fields?: FieldList;
  /** Address of the peer; `null` is one on a Unix socket. */
  readonly client?: { readonly hostname: string; readonly port: number } | null;
}

/** The client of {@link Asked} when a row does not say another: Hypercorn's tables. */
export const CLIENT = { hostname: "10.0.0.9", port: 80 };

/** An exchange that records what its observation is told of the origin. */
export class ObservedExchange extends FakeExchange {
  readonly origins: ForwardedOrigin[] = [];
  readonly observation: Observation = observationOf(this.origins);
}

/** As {@link ObservedExchange}. */
export class ObservedWebSocket extends FakeWebSocketExchange {
  readonly origins: ForwardedOrigin[] = [];
  readonly observation: Observation = observationOf(this.origins);
}

/** As {@link ObservedExchange}. */
export class ObservedWebTransport extends FakeWebTransportExchange {
  readonly origins: ForwardedOrigin[] = [];
  readonly observation: Observation = observationOf(this.origins);
}

function observationOf(origins: ForwardedOrigin[]): Observation {
  return {
    forwarded: (origin) => void origins.push(origin),
    responded() {},
    sent() {},
    ended() {},
  };
}

function fakeOptions({ client = CLIENT, ...request }: Asked) {
  return { ...request, peer: { client, server: { hostname: "127.0.0.1", port: 8000 } } };
}

/** Sends a request; the exchange has the answer. */
export async function ask(app: Application, request: Asked = {}): Promise<ObservedExchange> {
  const exchange = new ObservedExchange(fakeOptions(request));
  await app.http(exchange);
  return exchange;
}

/** Sends a WebSocket handshake; the exchange has the answer. */
export async function shake(app: Application, request: Asked = {}): Promise<ObservedWebSocket> {
  const exchange = new ObservedWebSocket(fakeOptions(request));
  await app.websocket(exchange);
  return exchange;
}

/** Sends the handshake of a WebTransport session; the exchange has the answer. */
export async function knock(app: Application, request: Asked = {}): Promise<ObservedWebTransport> {
  const exchange = new ObservedWebTransport(fakeOptions(request));
  await app.webtransport!(exchange);
  return exchange;
}

/** What an application of this file says it saw. */
export function seenBy(exchange: { readonly text: string }): Seen {
  return JSON.parse(exchange.text);
}
