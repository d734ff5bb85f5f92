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
  /** Lets go of it. While it speaks HTTP that cuts it at once; what was written stays with the system, which delivers it. */
  release(): void;
  /**
   * Lets the WebSocket live on that a 101 makes of it: the runtime would else close the socket with the end of HTTP.
   *
   * @param handedOver Settles when the runtime has the 101.
   */
  keepSocket(handedOver: Promise<void>): void;
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

  /**
   * Has to let go after the 101 was sent, which would be lost, and before the runtime learns that HTTP is over. The first
   * is done by the task of the connection, in the next round of tasks; the second is delivered with the results of
   * operations, at the end of that round. In between are the tasks of V8, and so this takes one of them: of all that
   * settles a promise in that moment (timers, messages, the opening of the socket itself) nothing else does so always, also
   * when hundreds of sockets are busy.
   */
  keepSocket(handedOver: Promise<void>): void {
    const release = () => this.release();
    handedOver.then(taskOfV8).then(release, release);
  }
}

const CELL = new Int32Array(new SharedArrayBuffer(4));

/** Settles in a task of V8: one that waits for a cell of memory, and is notified at once. */
async function taskOfV8(): Promise<void> {
  const { value } = Atomics.waitAsync(CELL, 0, 0);
  Atomics.notify(CELL, 0);
  await value;
}

function ignore(): void {}
