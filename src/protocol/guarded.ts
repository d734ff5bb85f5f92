/**
 * The hook behind the guarded TCP driver: `Deno.serve` for one connection that we accepted ourselves.
 *
 * The runtime does not document it, so this file - and no other - names it, and what looks as expected still has to pass
 * the test in `guarded_probe.ts` before anything is served through it.
 *
 * @module
 */

import type { NativeInfo } from "./serve_info.ts";

/** Handles the requests of one connection. */
export type ConnectionHandler = (
  request: Request,
  info: NativeInfo,
) => Response | Promise<Response>;

/** A connection that the runtime serves. */
export interface ServedConnection {
  /** Settles when the connection is over for HTTP; rejects when it broke. A WebSocket that was let go lives on. */
  readonly finished: Promise<void>;
  /**
   * Ends it gracefully: HTTP/1 closes after the response in progress, HTTP/2 sends GOAWAY. Nothing can cut the
   * connection any more after that: `release()` then does nothing.
   */
  shutdown(): void;
  /**
   * Lets go of it. While it speaks HTTP that cuts it at once; what was written stays with the system, which delivers it.
   * Once it became a WebSocket that is how the socket lives on, which the runtime would else close with the end of HTTP.
   */
  release(): void;
}

/** Takes a connection, after its TLS handshake, and serves it. */
export type ServeConnection = (
  conn: Deno.Conn,
  handler: ConnectionHandler,
  onError: (error: unknown) => Response,
) => ServedConnection;

type Hook = (
  conn: Deno.Conn,
  signal: undefined,
  handler: ConnectionHandler,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => Deno.HttpServer;

interface RuntimeCore {
  createCancelHandle(): number;
  close(rid: number): void;
  tryClose(rid: number): void;
}

/** The hook of this runtime, `null` where it is not as expected. */
export function findHook(): ServeConnection | null {
  const key = (Deno as unknown as { readonly internal?: symbol }).internal;
  const internal = key && (Deno as unknown as Record<symbol, Record<string, unknown>>)[key];
  const hook = internal?.serveHttpOnConnection;
  const core = internal?.core as Partial<RuntimeCore> | undefined;
  const complete = typeof hook === "function" && hook.length === 5 &&
    [core?.createCancelHandle, core?.close, core?.tryClose].every((one) => !!one);
  if (!complete) return null;
  return (conn, handler, onError) =>
    new HookedConnection(hook as Hook, core as RuntimeCore, conn, handler, onError);
}

/** One connection behind the hook. */
class HookedConnection implements ServedConnection {
  readonly finished: Promise<void>;
  readonly #server: Deno.HttpServer;
  readonly #core: RuntimeCore;
  readonly #rid: number;

  constructor(
    hook: Hook,
    core: RuntimeCore,
    conn: Deno.Conn,
    handler: ConnectionHandler,
    onError: (error: unknown) => Response,
  ) {
    this.#server = hook(conn, undefined, handler, onError, ignore);
    this.#core = core;
    // Resources are numbered in order, so the one before the next is the server's, which does not tell its own.
    const next = core.createCancelHandle();
    core.close(next);
    this.#rid = next - 1;
    // The runtime keeps the resource of a connection that broke, for one because the client left after the handshake.
    this.finished = this.#server.finished.finally(() => this.release());
  }

  shutdown(): void {
    this.#server.shutdown().catch(ignore); // `finished` tells the same
  }

  release(): void {
    this.#core.tryClose(this.#rid);
  }
}

function ignore(): void {}
