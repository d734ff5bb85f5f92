/**
 * One WebSocket behaviour as an application of every form, and servers for it.
 *
 * @module
 */

import type { ASGIFramework } from "../../src/asgi_types.ts";
import { normalise } from "../../src/app/framework.ts";
import { resolveConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import type { WebSocketSettings } from "../../src/protocol/guarded_socket.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { responseFields } from "../../src/protocol/response_fields.ts";
import { ServeListener } from "../../src/protocol/serve.ts";
import { openLog } from "../../src/server/log.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import type { UpgradeOptions } from "../../src/upgrade.ts";
import { withDeadline } from "./deadline.ts";
import { LogSink } from "./log_sink.ts";
import { eventually } from "./waiting.ts";
import { looseLimits } from "./request_limits.ts";

/** Forms of application that have WebSockets. */
export const WEBSOCKET_FORMS = ["fetch short cut", "fetch exchange", "ASGI"] as const;

/** One of {@link WEBSOCKET_FORMS}. */
export type WebSocketForm = (typeof WEBSOCKET_FORMS)[number];

/** Text or bytes of a message. */
export type Data = string | Uint8Array;

/** The server's end of a WebSocket. */
export interface ServerSocket {
  /** Sends a message; waits where the form can wait. */
  send(data: Data): void | Promise<void>;
  /** Starts the close handshake. */
  close(code?: number, reason?: string): void | Promise<void>;
}

/** A denial response. */
export interface Denial {
  /** Status. */
  readonly status: number;
  /** Header section. */
  readonly headers?: [string, string][];
  /** Content in pieces. */
  readonly body?: readonly string[];
}

/** What an application does with its WebSockets; what it leaves out is done by default. */
export interface Behaviour {
  /** Runs before the answer to the handshake; what it throws is the application's crash. */
  before?(): void | Promise<void>;
  /** How to accept. */
  readonly accept?: UpgradeOptions;
  /** Denies instead of accepting. */
  readonly deny?: Denial;
  /** The WebSocket is open. */
  opened?(socket: ServerSocket): void | Promise<void>;
  /** A message came. */
  message?(data: Data, socket: ServerSocket): void | Promise<void>;
  /** The WebSocket is closed. */
  closed?(code: number, reason: string): void;
}

/** Sends every message back. */
export const ECHO: Behaviour = { message: (data, socket) => socket.send(data) };

/** Records what happened, for tests to wait for: no sleeps, no polling. */
export class Recorder<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  /** Values nobody took yet. */
  get left(): readonly T[] {
    return this.#values;
  }

  /** Adds a value. */
  add(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(value);
    else this.#values.push(value);
  }

  /** Takes the next value, within the deadline of tests. */
  async next(what = "the next event"): Promise<T> {
    if (this.#values.length > 0) return this.#values.shift()!;
    return await withDeadline(new Promise<T>((resolve) => this.#waiting.push(resolve)), what);
  }
}

/** The behaviour as an application of the form. */
export function webSocketApplication(form: WebSocketForm, behaviour: Behaviour): Application {
  const { rootPath, maxAppQueueSize, wsgiMaxBodySize } = resolveConfig();
  const log = openLog(resolveConfig({ errorlog: new LogSink() }));
  const options = { rootPath, maxAppQueueSize, wsgiMaxBodySize, multiprocess: false, log };
  if (form === "ASGI") return normalise(asgiApp(behaviour), "asgi", options);
  const application = normalise(fetchApp(behaviour), "fetch", options);
  const { http, websocket } = application;
  return form === "fetch exchange" ? { http, websocket } : application;
}

function fetchApp(behaviour: Behaviour): FetchHandler {
  return async (request) => {
    if (new URL(request.url).pathname === "/alive") return new Response("alive");
    await behaviour.before?.();
    if (behaviour.deny) return denial(behaviour.deny);
    const { socket, response } = upgradeWebSocket(request, behaviour.accept);
    const server: ServerSocket = {
      send: (data) => socket.send(data as string | Uint8Array<ArrayBuffer>),
      close: (code, reason) => socket.close(code, reason),
    };
    socket.onopen = () => behaviour.opened?.(server);
    socket.onmessage = ({ data }) =>
      behaviour.message?.(typeof data === "string" ? data : new Uint8Array(data), server);
    socket.onclose = ({ code, reason }) => behaviour.closed?.(code, reason);
    return response;
  };
}

function denial({ status, headers = [], body = [] }: Denial): Response {
  return new Response(
    body.length > 1
      ? ReadableStream.from(body.map((part) => new TextEncoder().encode(part)))
      : body[0] ?? null,
    { status, headers },
  );
}

function asgiApp(behaviour: Behaviour): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type === "lifespan") throw new Error("No lifespan");
    if (scope.type === "http") {
      await send({ type: "http.response.start", status: 200 });
      return await send({ type: "http.response.body", body: "alive" });
    }
    await receive();
    await behaviour.before?.();
    if (behaviour.deny) return await deny(behaviour.deny, send);
    const { protocol, headers = [] } = behaviour.accept ?? {};
    await send({
      type: "websocket.accept",
      headers: [...headers as Iterable<[string, string]>],
      ...(protocol === undefined ? {} : { subprotocol: protocol }),
    });
    const server: ServerSocket = {
      send: (data) =>
        send({
          type: "websocket.send",
          ...(typeof data === "string" ? { text: data } : { bytes: data }),
        }),
      close: (code, reason) =>
        send({
          type: "websocket.close",
          ...(code === undefined ? {} : { code }),
          reason: reason ?? null,
        }),
    };
    await behaviour.opened?.(server);
    for (;;) {
      const event = await receive();
      if (event.type === "websocket.disconnect") {
        return behaviour.closed?.(event.code, event.reason);
      }
      if (event.type !== "websocket.receive") throw new Error(`Received ${event.type}`);
      await behaviour.message?.(event.text ?? event.bytes!, server);
    }
  };
}

async function deny(
  { status, headers = [], body = [] }: Denial,
  send: Parameters<ASGIFramework>[2],
): Promise<void> {
  await send({ type: "websocket.http.response.start", status, headers });
  for (const part of body) {
    await send({ type: "websocket.http.response.body", body: part, more_body: true });
  }
  await send({ type: "websocket.http.response.body" });
}

/** One listener, stopped at the end of the block. */
export interface WebSocketServer extends AsyncDisposable {
  /** Base URL. */
  readonly url: string;
  /** Log lines. */
  readonly log: LogSink;
  /** What the server is doing. */
  readonly inFlight: InFlight;
  /** Resolves once all requests and WebSockets are over. */
  idle(): Promise<void>;
}

/** Serves the application with limits that a configuration cannot set. */
export function serveWebSockets(
  application: Application,
  limits: Partial<Omit<WebSocketSettings, "inFlight">> = {},
): WebSocketServer {
  const log = new LogSink();
  const inFlight = new InFlight();
  const listener = new ServeListener(application, {
    scheme: "http",
    serverNames: null,
    limits: looseLimits(),
    responseFields: responseFields({ includeServerHeader: false, altSvc: [] }),
    inFlight,
    websocket: { maxMessageSize: 1000, pingInterval: null, ...limits, inFlight },
    reporter: logReporter(openLog(resolveConfig({ errorlog: log })), "test"),
    observer: null,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, onError: listener.onError },
    listener.handle,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    log,
    inFlight,
    idle: () =>
      eventually(
        () => inFlight.requests === 0 && inFlight.sockets === 0,
        "the end of all requests and WebSockets",
      ),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}
