/**
 * One guarded connection: which timer runs, and how it ends.
 *
 * Between requests the idle time runs, from the end of the last response, or from the beginning for the first request
 * head. That end is known as follows. A little static content counts as sent when it was handed over, for the system takes
 * it at once; all else is streamed, and the runtime tells when it is with the system. That also makes a real
 * `connection: close`: once a response that says so is with the system, the connection is cut, which harms nothing,
 * and unlike the runtime's own way of closing it cannot be held up by a client that does not read.
 *
 * An HTTP/2 connection that is too old, or had all its requests, has no such response. GOAWAY is what tells its client,
 * but after that the runtime lets nothing cut it any more: a client that ignores it would be rid of every time-out. So
 * such a connection is cut as soon as the client pauses, as one that is idle always is, and only a client that never
 * does gets GOAWAY. So do all when the server stops, which ends them in any case.
 *
 * Nothing but requests counts: frames of HTTP/2 that are no request do not keep a connection.
 *
 * @module
 */

import { type Content, contentBytes } from "../content.ts";
import type { HttpVersion } from "../exchange.ts";
import type { Field } from "../fields.ts";
import {
  TCP_FIRST_REQUEST_MS,
  TCP_LEAVE_GRACE_MS,
  TCP_LEAVE_QUIET_MS,
  TCP_LINGER_MS,
  UNWATCHED_CONTENT,
} from "../limits.ts";
import { peekStaticContent, withBody } from "../response_record.ts";
import type { ServeConnection, ServedConnection } from "./guarded.ts";
import { WatchedBody } from "./guarded_body.ts";
import { GuardedInfo } from "./guarded_info.ts";
import { leavesContent, saysClose } from "./guarded_response.ts";
import type { DeadlineClock, Expiring } from "./deadline_clock.ts";
import type { SocketConnection } from "./guarded_socket.ts";
import { hostOf } from "./request_record.ts";
import { addToResponse } from "./response_fields.ts";
import { isBodiless } from "./response_head.ts";
import type { NativeInfo } from "./serve_info.ts";

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
  /** Requests of a connection; the last one is told. HTTP/2 may have some more until it pauses. */
  readonly maxRequests: number;
  /** Milliseconds after which a connection is to end as soon as nothing is in progress; `Infinity` for any time. */
  readonly maxAgeMs: number;
  /** Milliseconds for an HTTP/2 client to pause, once it is to leave; default `TCP_LEAVE_GRACE_MS`. */
  readonly graceMs?: number;
  /** Milliseconds for a piece of a response; default `RESPONSE_STALL_MS`. */
  readonly stallMs?: number;
  /** The WebSocket a request became, where that is known. Its connection counts until it closes. */
  readonly socketOf?: ((request: Request) => SocketConnection | undefined) | undefined;
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
  /** Milliseconds it may be idle. */
  #idleMs: number;
  /** When it is to end; once it is, when an HTTP/2 client has to be told. */
  #dueAt: number;
  /** The client is to leave. */
  #leaving = false;
  /** For the server stops. */
  #stopping = false;
  /** That response is on its way; the server does not process what comes after it (RFC 9112 §9.6). */
  #said = false;
  /** It ends when nothing is in progress any more. */
  #final = false;
  /** The client may be sending content that nobody reads: a cut would reset the connection, and lose the response. */
  #lingers = false;
  /** Bytes handed over, since a watched response was known to be with the system. */
  #unwatched = 0;
  /** Responses of HTTP/2 that the client does not take. */
  #stalled = 0;
  #state: "open" | "going" | "cut" | "websocket" = "open";
  #websocket: SocketConnection | undefined;

  constructor(
    { conn, alpn }: AcceptedConnection,
    serve: ServeConnection,
    settings: ConnectionSettings,
  ) {
    this.#settings = settings;
    this.#alpn = alpn;
    this.#http2 = alpn === "h2";
    this.#client = conn.remoteAddr;
    const { clock, keepAliveMs, maxAgeMs } = settings;
    this.#idleMs = keepAliveMs || TCP_FIRST_REQUEST_MS;
    this.#dueAt = clock.now() + maxAgeMs;
    this.#served = serve(conn, this.#handle, settings.onError);
    clock.add(this, Math.min(this.#idleMs, maxAgeMs)); // not before, for that may throw
    const over = () => {
      if (this.#state === "open") this.#state = "cut";
      clock.delete(this);
    };
    this.finished = this.#served.finished.then(over, over); // a client that broke off is no news
  }

  /** What it became, if that is a WebSocket and known. */
  get websocket(): SocketConnection | undefined {
    return this.#websocket;
  }

  /**
   * Has the client leave, for the server stops: HTTP/1 with the next response, HTTP/2 by GOAWAY when nothing is in
   * progress, for nothing could be cut after that.
   */
  announceEnd(): void {
    this.#leaving = this.#stopping = true;
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
    if (this.#active === 0) this.cut();
    else this.#fallDue();
  }

  readonly #handle = (request: Request, native: NativeInfo): Response | Promise<Response> => {
    if (this.#said) return never();
    this.#begin(request);
    try {
      const answer = this.#settings.handle(request, new GuardedInfo(native, this.#version, this));
      if (answer instanceof Response) return this.#answer(answer, request, native);
      return answer.then((response) => this.#tryAnswer(response, request, native));
    } catch (error) {
      this.#end();
      throw error;
    }
  };

  #tryAnswer(response: Response, request: Request, native: NativeInfo): Response {
    try {
      return this.#answer(response, request, native);
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #begin(request: Request): void {
    this.deadline = this.#dueAt;
    this.#active++;
    this.#requests++;
    if (this.#requests === 1 && this.#alpn === null) this.#http2 = hostOf(request) === null; // as isHttp2
    if (this.#http2 && this.#isLast()) this.#retire();
  }

  /** Takes note of a response on its way out. */
  #answer(response: Response, request: Request, native: NativeInfo): Response {
    if (response.status === 101) return this.#becomeSocket(response, request, native);
    const last = !this.#http2 && this.#isLast();
    const closing = last || (!this.#http2 && saysClose(response));
    const content = peekStaticContent(response); // `undefined` for a stream, too
    if (!closing && content !== undefined && this.#isTaken(content)) {
      this.#end();
      return response;
    }
    if (closing) this.#said = true;
    if (closing && leavesContent(request, response)) this.#lingers = true;
    const marked = last ? addToResponse(response, CLOSE) : response;
    return content === null && isBodiless(request.method, response.status)
      ? this.#endByHead(marked)
      : this.#watch(marked, content ?? undefined, native);
  }

  /** Whether static content counts as sent when it is handed over; so much on a connection, then the next is watched. */
  #isTaken(content: Content | null): boolean {
    if (content === null) return true;
    const unwatched = this.#unwatched + content.length + HEAD_BYTES;
    if (unwatched > UNWATCHED_CONTENT) return false;
    this.#unwatched = unwatched;
    return true;
  }

  #isLast(): boolean {
    const { keepAliveMs, maxRequests } = this.#settings;
    return this.#leaving || keepAliveMs === 0 || this.#requests >= maxRequests;
  }

  /** Sends content so that its end is known. */
  #watch(response: Response, content: Content | undefined, native: NativeInfo): Response {
    const { clock, stallMs } = this.#settings;
    const bytes = content === undefined ? undefined : contentBytes(content);
    const body = new WatchedBody(bytes ?? response.body ?? "", {
      clock,
      ...(stallMs === undefined ? {} : { stallMs }),
      onStall: () => {
        this.#stalled++;
        this.stall("it does not read the response");
      },
    });
    const watched = withBody(response, body.readable);
    if (bytes) watched.headers.set("content-length", String(bytes.length));
    const sent = () => {
      body.stop();
      this.#unwatched = 0;
      if (body.stalled) this.#stalled--;
      this.#end();
    };
    native.completed.then(sent, sent);
    return watched;
  }

  /** Nothing tells when a response that may have no content is with the system, but it is next to nothing. */
  #endByHead(response: Response): Response {
    this.#active--;
    this.#cutLater();
    return response;
  }

  #cutLater(): void {
    if (this.#state === "open") this.#settings.clock.arm(this, TCP_LINGER_MS);
  }

  #end(): void {
    this.#active--;
    if (this.#active > 0) return this.#stalled >= this.#active ? this.cut() : undefined;
    if (this.#said && this.#lingers) this.#cutLater();
    else if (this.#said || (this.#final && !this.#http2)) this.cut();
    else if (this.#stopping && this.#http2) this.#goAway();
    else this.#rest();
  }

  /** Has the idle time run; what is due then gets a moment all the same, for a request may be on its way. */
  #rest(): void {
    if (this.#state !== "open") return;
    const { clock } = this.#settings;
    const now = clock.now();
    if (now >= this.#dueAt) this.#fallDue();
    const due = Math.max(this.#dueAt, now + TCP_LEAVE_QUIET_MS);
    clock.armAt(this, Math.min(now + this.#idleMs, due), now);
  }

  #fallDue(): void {
    if (!this.#leaving) this.#retire();
    else if (this.#http2) this.#goAway();
  }

  /** It is to end: HTTP/1 with the next response, HTTP/2 when the client pauses, or in the end when it does not. */
  #retire(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#idleMs = Math.min(this.#idleMs, TCP_LEAVE_QUIET_MS);
    const { clock, graceMs = TCP_LEAVE_GRACE_MS } = this.#settings;
    clock.arm(this, this.#http2 ? graceMs : Infinity);
    this.#dueAt = this.deadline;
  }

  #goAway(): void {
    if (this.#state !== "open") return;
    this.#state = "going";
    this.#served.shutdown();
  }

  #becomeSocket(response: Response, request: Request, native: NativeInfo): Response {
    this.#state = "websocket";
    this.#websocket = this.#settings.socketOf?.(request);
    this.#served.keepSocket(native.completed);
    return response;
  }

  /** The version by ALPN; where there was none, the Host field tells as it does elsewhere. */
  get #version(): HttpVersion | undefined {
    return this.#alpn === null ? undefined : this.#http2 ? "2" : "1.1";
  }

  /**
   * Cuts it, for its client does not go on with what was begun. On HTTP/2 the others of its streams may do well. Where
   * nothing else is left but responses it does not take, though, it is cut, too: the runtime does not reset a stream
   * whose window is closed.
   */
  stall(reason: string): void {
    this.#settings.onStall(this.#client, reason);
    if (!this.#http2 || this.#stalled >= this.#active) this.cut();
  }
}

/**
 * The answer to a request behind the last one: the connection is about to be cut. A new promise each time, for one that
 * lives on would hold all the requests that wait for it.
 */
function never(): Promise<Response> {
  return new Promise(() => {});
}

/** What a head is taken to have. */
const HEAD_BYTES = 256;

const CLOSE: readonly Field[] = [["connection", "close"]];
