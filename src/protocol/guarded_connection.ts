/**
 * One guarded connection: which timer runs, and how it ends.
 *
 * Between requests the idle time runs, from the end of the last response, or from the beginning for the first request
 * head. That end is known as follows. Small static content counts as sent when it was handed over, for the system takes
 * it at once; all else is streamed, and the runtime tells when it is with the system. That also makes a real
 * `connection: close`: once a response that says so is with the system, the connection is cut, which harms nothing,
 * and unlike the runtime's own way of closing it cannot be held up by a client that does not read.
 *
 * HTTP/2 connections end by GOAWAY. A client that ignores the ping in it holds the connection as long as it likes.
 *
 * @module
 */

import { type Content, contentBytes } from "../content.ts";
import type { HttpVersion } from "../exchange.ts";
import type { Field } from "../fields.ts";
import { TCP_FIRST_REQUEST_MS, UNWATCHED_CONTENT } from "../limits.ts";
import { hasStreamBody, peekField, peekStaticContent, withBody } from "../response_record.ts";
import type { ServeConnection, ServedConnection } from "./guarded.ts";
import { WatchedBody } from "./guarded_body.ts";
import type { DeadlineClock, Expiring } from "./deadline_clock.ts";
import { hostOf } from "./request_record.ts";
import { addToResponse } from "./response_fields.ts";
import type { NativeInfo } from "./serve_info.ts";
import { canHaveContent } from "./serve_request.ts";

/** What all connections of a listener share. */
export interface ConnectionSettings {
  /** Answers requests; never rejects. */
  handle(request: Request, info: NativeInfo): Response | Promise<Response>;
  /** A response body failed after its head was sent. */
  onError(error: unknown): Response;
  /** Where the time runs. */
  readonly clock: DeadlineClock;
  /** Milliseconds between requests; 0 closes after the first response. */
  readonly keepAliveMs: number;
  /** Requests of a connection; the last one is told. */
  readonly maxRequests: number;
  /** Milliseconds for a piece of a response; default `RESPONSE_STALL_MS`. */
  readonly stallMs?: number;
  /** A client was cut because it does not take or send what was begun. */
  onStall(client: Deno.Addr, reason: string): void;
}

/** An accepted connection, its handshake done. */
export interface AcceptedConnection {
  /** The connection; it is the runtime's from now on. */
  readonly conn: Deno.Conn;
  /** What the TLS handshake agreed on, `null` where nothing tells. */
  readonly alpn: "h2" | "http/1.1" | null;
}

/** Tells what is known of the connection, and is told of content that does not come. */
class GuardedInfo implements NativeInfo {
  readonly httpVersion: HttpVersion | undefined;
  readonly stalled: () => void;
  readonly #native: NativeInfo;

  constructor(native: NativeInfo, httpVersion: HttpVersion | undefined, stalled: () => void) {
    this.#native = native;
    this.httpVersion = httpVersion;
    this.stalled = stalled;
  }

  get remoteAddr(): NativeInfo["remoteAddr"] {
    return this.#native.remoteAddr;
  }

  get completed(): Promise<void> {
    return this.#native.completed;
  }
}

/** One connection. */
export class GuardedConnection implements Expiring {
  deadline = Infinity;
  /** Settles when HTTP is over on this connection. */
  readonly finished: Promise<void>;
  readonly #settings: ConnectionSettings;
  readonly #alpn: AcceptedConnection["alpn"];
  readonly #client: Deno.Addr;
  readonly #served: ServedConnection;
  #http2: boolean;
  #requests = 0;
  /** Requests in progress, responses included. */
  #active = 0;
  /** The client is to leave. */
  #leaving = false;
  /** That response is on its way; the server does not process what comes after it (RFC 9112 §9.6). */
  #said = false;
  /** It ends when nothing is in progress any more. */
  #final = false;
  #state: "open" | "going" | "cut" | "websocket" = "open";
  #websocket: Request | undefined;

  constructor(
    { conn, alpn }: AcceptedConnection,
    serve: ServeConnection,
    settings: ConnectionSettings,
  ) {
    this.#settings = settings;
    this.#alpn = alpn;
    this.#http2 = alpn === "h2";
    this.#client = conn.remoteAddr;
    const { clock, keepAliveMs } = settings;
    clock.add(this, keepAliveMs || TCP_FIRST_REQUEST_MS);
    this.#served = serve(conn, this.#handle, settings.onError);
    const over = () => {
      if (this.#state === "open") this.#state = "cut";
      clock.delete(this);
    };
    this.finished = this.#served.finished.then(over, over); // a client that broke off is no news
  }

  /** The request that made it a WebSocket, if one did. */
  get websocket(): Request | undefined {
    return this.#websocket;
  }

  /**
   * Has the client leave: HTTP/1 with the next response, HTTP/2 when nothing is in progress, for after GOAWAY nothing
   * could be cut.
   */
  announceEnd(): void {
    this.#leaving = true;
    if (this.#http2 && this.#active === 0) this.#goAway();
  }

  /** Ends it when nothing is in progress any more. */
  leave(): void {
    this.announceEnd();
    this.#final = true;
    if (this.#active === 0 || this.#http2) this.#goAway();
  }

  /** Cuts it, where that is still possible. */
  cut(): void {
    if (this.#state !== "open") return;
    this.#state = "cut";
    this.#served.release();
  }

  expire(): void {
    this.cut();
  }

  readonly #handle = (request: Request, native: NativeInfo): Response | Promise<Response> => {
    if (this.#said) return NEVER;
    this.#begin(request);
    try {
      const info = this.#alpn === null && !canHaveContent(request.method)
        ? native
        : new GuardedInfo(native, this.#version, this.#stalled);
      const answer = this.#settings.handle(request, info);
      if (answer instanceof Response) return this.#answer(answer, request, native);
      return answer.then((response) => this.#answer(response, request, native));
    } catch (error) {
      this.#end();
      throw error;
    }
  };

  #begin(request: Request): void {
    this.deadline = Infinity;
    this.#active++;
    this.#requests++;
    const { maxRequests } = this.#settings;
    if (this.#requests === 1 && this.#alpn === null) this.#http2 = hostOf(request) === null; // as isHttp2
    if (this.#http2 && this.#requests >= maxRequests) this.#goAway();
  }

  /** Takes note of a response on its way out. */
  #answer(response: Response, request: Request, native: NativeInfo): Response {
    if (response.status === 101) return this.#letGo(response, request, native);
    const last = !this.#http2 && this.#isLast();
    const closing = last || (!this.#http2 && saysClose(response));
    const content = hasStreamBody(response) ? undefined : peekStaticContent(response);
    if (!closing && content !== undefined && (content?.length ?? 0) <= UNWATCHED_CONTENT) {
      this.#end();
      return response;
    }
    if (closing) this.#said = true;
    const marked = last ? addToResponse(response, CLOSE) : response;
    return content === null ? this.#endByHead(marked) : this.#watch(marked, content, native);
  }

  #isLast(): boolean {
    const { keepAliveMs, maxRequests } = this.#settings;
    return this.#leaving || keepAliveMs === 0 || this.#requests >= maxRequests;
  }

  /** Sends content so that its end is known. */
  #watch(response: Response, content: Content | undefined, native: NativeInfo): Response {
    const { clock, stallMs } = this.#settings;
    const bytes = content === undefined ? undefined : contentBytes(content);
    const body = new WatchedBody(bytes ?? response.body!, {
      clock,
      ...(stallMs === undefined ? {} : { stallMs }),
      onStall: () => this.#stall("it does not read the response"),
    });
    const watched = withBody(response, body.readable);
    if (bytes) watched.headers.set("content-length", String(bytes.length));
    const sent = () => {
      body.stop();
      this.#end();
    };
    native.completed.then(sent, sent);
    return watched;
  }

  /** Nothing tells when a response without content is with the system, but it is next to nothing. */
  #endByHead(response: Response): Response {
    this.#active--;
    if (this.#state === "open") this.#settings.clock.arm(this, 0);
    return response;
  }

  #end(): void {
    this.#active--;
    if (this.#active > 0 || this.#state !== "open") return;
    const { clock, keepAliveMs } = this.#settings;
    if (this.#said || (this.#final && !this.#http2)) this.cut();
    else if (this.#http2 && (this.#leaving || keepAliveMs === 0)) this.#goAway();
    else clock.arm(this, keepAliveMs);
  }

  #goAway(): void {
    if (this.#state !== "open") return;
    this.#state = "going";
    this.#served.shutdown();
  }

  #letGo(response: Response, request: Request, native: NativeInfo): Response {
    this.#state = "websocket";
    this.#websocket = request;
    const letGo = () => this.#served.release();
    native.completed.then(letGo, letGo);
    return response;
  }

  /** The version by ALPN; where there was none, the Host field tells as it does elsewhere. */
  get #version(): HttpVersion | undefined {
    return this.#alpn === null ? undefined : this.#http2 ? "2" : "1.1";
  }

  readonly #stalled = (): void =>
    this.#stall("it does not send the rest of its request (read_timeout)");

  /** On HTTP/2 only the stream ends, which its reader or writer has seen to; the others may do well. */
  #stall(reason: string): void {
    this.#settings.onStall(this.#client, reason);
    if (!this.#http2) this.cut();
  }
}

/** The answer to a request behind the last one: the connection is about to be cut. */
const NEVER = new Promise<Response>(() => {});

const CLOSE: readonly Field[] = [["connection", "close"]];

/** RFC 9110 §7.6.1: a list of options, of which only this one has a meaning in responses. */
function saysClose(response: Response): boolean {
  const value = peekField(response, "connection");
  return value !== null && /(^|[\s,])close([\s,]|$)/i.test(value);
}
