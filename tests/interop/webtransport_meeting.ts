/**
 * WebTransport sessions between a page in Chromium and an application of ours, with the development certificate.
 *
 * @module
 */

import { createHash, X509Certificate } from "node:crypto";
import { type Server, type ServerWebTransport, start, upgradeWebTransport } from "../../mod.ts";
import { Chromium } from "../_support/chromium.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { serverCertificate } from "../_support/server_certificate.ts";
import { eventually } from "../_support/waiting.ts";
import { SettingsListener } from "./settings_listener.ts";

/** Milliseconds until something has happened; far more than it takes. */
const PATIENCE_MS = 20_000;

/** Application protocols the server knows, the one it likes best first. */
const PROTOCOLS = ["tests.v2", "tests.v1"];

/** A session with the request that it came by. */
export interface Arrival {
  /** The handshake. */
  readonly request: Request;
  /** Version of HTTP that the application was told. */
  readonly httpVersion: string;
  /** The server's end. */
  readonly session: ServerWebTransport;
}

/** A server, and a browser whose page was loaded from it over HTTP/3. */
export class Meeting implements AsyncDisposable {
  /** Both logs of the server. */
  readonly log: LogSink;
  readonly server: Server;
  readonly browser: Chromium;
  /** Address of the HTTP/3 side. */
  readonly url: string;
  /** Address of the TCP side. */
  readonly tcpUrl: string;
  readonly #hash: string;
  readonly #arrivals: ReadableStreamDefaultReader<Arrival>;

  private constructor(parts: Parts, browser: Chromium, hash: string) {
    this.log = parts.log;
    this.server = parts.server;
    this.browser = browser;
    this.url = urlOf(parts.server, "udp");
    this.tcpUrl = urlOf(parts.server, "tcp");
    this.#hash = hash;
    this.#arrivals = parts.arrivals;
  }

  /** Starts both. @param features Features of the browser to switch on. */
  static async start(features: readonly string[] = []): Promise<Meeting> {
    const parts = await startServer();
    try {
      const certificate = await serverCertificate(urlOf(parts.server, "tcp"));
      const url = urlOf(parts.server, "udp");
      const browser = await Chromium.start(new URL(url).host, { certificate, features });
      const { raw } = new X509Certificate(certificate);
      const hash = createHash("sha256").update(raw).digest("base64");
      const meeting = new Meeting(parts, browser, hash);
      await browser.open(`${url}/`);
      return meeting;
    } catch (error) {
      await parts.server.shutdown();
      throw error;
    }
  }

  /** Opens a session in the page, where it is `transport` from then on; see {@linkcode dial}. */
  async open(options?: string): Promise<Arrival> {
    const [{ value }] = await Promise.all([
      withDeadline(this.#arrivals.read(), "a session", PATIENCE_MS),
      this.dial("/session", options),
    ]);
    return value!;
  }

  /**
   * The page's half of that.
   *
   * @param options Members of the constructor's options beside the certificate, as JavaScript.
   */
  dial(path: string, options = ""): Promise<void> {
    return this.#connect(`${this.url}${path}`, this.#hash, options);
  }

  /** Identifiers of the settings that the browser sends to a server that it wants a session of. */
  async settings(): Promise<ReadonlySet<number>> {
    await using listener = await SettingsListener.start();
    this.#connect(listener.url, listener.certificateHash).catch(() => {}); // there is no session
    return await soon(listener.next(), "the browser's settings");
  }

  /** Runs statements in the page; what they return. */
  run<T>(statements: string): Promise<T> {
    return this.browser.evaluate(`(async () => { ${statements} })()`);
  }

  /** Waits for a line of the server's logs that begins so. */
  logs(start: string): Promise<void> {
    const { lines } = this.log;
    return eventually(() => lines.some((line) => line.startsWith(start)), `the line "${start}"`);
  }

  #connect(url: string, certificateHash: string, options = ""): Promise<void> {
    return this.run(`
      globalThis.transport = new WebTransport("${url}", {
        serverCertificateHashes: [
          { algorithm: "sha-256", value: Uint8Array.fromBase64("${certificateHash}") },
        ],
        ${options}
      });
      transport.closed.catch(() => {});
      await transport.ready;
    `);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await this.server.shutdown();
  }
}

/** Waits for what a session does. @param what Completes "… did not come". */
export function soon<T>(work: Promise<T>, what: string): Promise<T> {
  return withDeadline(work, what, PATIENCE_MS);
}

interface Parts {
  readonly server: Server;
  readonly log: LogSink;
  readonly arrivals: ReadableStreamDefaultReader<Arrival>;
}

/** `/session` opens sessions, `/version` tells the HTTP version; everything else is a page, and refuses sessions. */
async function startServer(): Promise<Parts> {
  const { readable, writable } = new TransformStream<Arrival, Arrival>(undefined, {
    highWaterMark: Infinity,
  });
  const arrivals = writable.getWriter();
  const log = new LogSink();
  const server = await start((request, { httpVersion }) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/version") return new Response(httpVersion);
    if (pathname !== "/session") {
      return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    }
    const { session, response } = upgradeWebTransport(request, { protocols: PROTOCOLS });
    arrivals.write({ request, httpVersion, session });
    return response;
  }, {
    bind: "127.0.0.1:0",
    quicBind: "127.0.0.1:0",
    devCertificate: true,
    errorlog: log,
    accesslog: log,
    accessLogFormat: "%(R)s %(s)s",
  });
  return { server, log, arrivals: readable.getReader() };
}

/** Address of the listener of that transport. */
function urlOf({ binds }: Server, transport: string): string {
  return binds.find(({ addr }) => addr.transport === transport)!.url;
}
