/**
 * TCP and Unix listeners on the plain driver, `Deno.serve`.
 *
 * The runtime gives up a listener for good when it cannot accept: a process without a free file descriptor would end
 * with the first client too many. Here another takes its place as soon as there can be one.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import type { BindSpec } from "../config/mod.ts";
import type { SocketAddr } from "../fetch_types.ts";
import { describe } from "../misuse.ts";
import type { ServeListener } from "../protocol/serve.ts";
import { describeBind } from "./describe_bind.ts";
import type { Bind, OpenListener, SocketOptions } from "./listener.ts";
import type { TlsMaterial } from "./tls.ts";
import { changeOwner, removeStaleSocket, withUmask } from "./unix_socket.ts";

/** What the listeners of one bind have in common. */
interface Binding {
  readonly spec: BindSpec;
  readonly tls: TlsMaterial | null;
  readonly handler: ServeListener;
  readonly options: SocketOptions;
}

/** A server of the runtime. */
interface Running {
  readonly server: Deno.HttpServer;
  readonly abort: AbortController;
}

/** Opens a listener. @throws Whatever the runtime says. */
export async function openPlain(
  spec: BindSpec,
  tls: TlsMaterial | null,
  handler: ServeListener,
  options: SocketOptions,
): Promise<OpenListener> {
  const running = await open({ spec, tls, handler, options });
  const addr = handler.localAddr = running.server.addr as SocketAddr;
  // Port 0 is another port each time.
  const bound = spec.kind === "tcp" && "port" in addr ? { ...spec, port: addr.port } : spec;
  const binding = { spec: bound, tls, handler, options };
  return new PlainListener(describeBind(spec, addr, tls !== null), binding, running);
}

/** Milliseconds between attempts to accept again. */
const RETRY_MS = 250;

/** Milliseconds between warnings about one address. */
const WARN_MS = 10_000;

/** One bind, and the runtime's servers on it: one that accepts, and those that cannot any more. */
class PlainListener implements OpenListener {
  readonly bind: Bind;
  readonly finished: Promise<void>;
  readonly #binding: Binding;
  /** Those that were not shut down: to abort others would end the process. */
  readonly #servers = new Set<Running>();
  readonly #retiring = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #warnAt = -Infinity;

  constructor(bind: Bind, binding: Binding, running: Running) {
    this.bind = bind;
    this.#binding = binding;
    this.#servers.add(running);
    this.finished = this.#keepAccepting(running);
  }

  goaway(): void {} // the runtime has nothing between serving and `shutdown()`, which kills uploads

  async shutdown(): Promise<void> {
    this.#closing.abort();
    const servers = Array.from(this.#servers, ({ server }) => server.shutdown());
    await Promise.all([...servers, ...this.#retiring]);
  }

  abort(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const { abort } of this.#servers) abort.abort();
  }

  get #open(): boolean {
    return !this.#closing.signal.aborted;
  }

  /** Never rejects. */
  async #keepAccepting(first: Running): Promise<void> {
    for (let running: Running | null = first; running !== null;) {
      const failure: unknown = await running.server.finished.then(() => null, (error) => error);
      if (!this.#open || failure === null) return;
      this.#warn(failure);
      this.#retire(running);
      running = await this.#reopen();
    }
  }

  /**
   * Lets a server end that does not accept any more. Its idle connections are closed, whose descriptors may be those
   * that are missing; uploads and WebSockets are waited for, which the runtime would cut.
   */
  async #retire(running: Running): Promise<void> {
    const { inFlight } = this.#binding.handler.settings;
    await inFlight.until(() => inFlight.uploads === 0 && inFlight.sockets === 0);
    if (!this.#open) return;
    this.#servers.delete(running);
    const retired = running.server.shutdown();
    this.#retiring.add(retired);
    await Promise.allSettled([retired]);
    this.#retiring.delete(retired);
  }

  /** Opens another server, as soon as that is possible; `null` when this one is closed meanwhile. */
  async #reopen(): Promise<Running | null> {
    while (await this.#pause()) {
      try {
        const running = await open(this.#binding);
        if (this.#open) {
          this.#servers.add(running);
          return running;
        }
        running.abort.abort();
      } catch (error) {
        this.#warn(error);
      }
    }
    return null;
  }

  /** Waits for a moment; `false` when the listener is closed. */
  async #pause(): Promise<boolean> {
    await delay(RETRY_MS, { signal: this.#closing.signal }).catch(() => {}); // closed meanwhile
    return this.#open;
  }

  #warn(error: unknown): void {
    const now = performance.now();
    if (now < this.#warnAt) return;
    this.#warnAt = now + WARN_MS;
    const reason = error instanceof Error ? error.message : describe(error);
    this.#binding.options.warn(
      `Cannot accept connections on "${this.bind.text}": ${reason}; trying again`,
    );
  }
}

async function open({ spec, tls, handler, options }: Binding): Promise<Running> {
  if (spec.kind === "unix") await removeStaleSocket(spec);
  const abort = new AbortController();
  const umask = spec.kind === "unix" ? options.umask : null;
  const server = withUmask(umask, () => serveOn(spec, tls, handler, options, abort.signal));
  try {
    if (spec.kind === "unix") await changeOwner(spec, options);
  } catch (error) {
    abort.abort();
    throw error;
  }
  return { server, abort };
}

function serveOn(
  spec: BindSpec,
  tls: TlsMaterial | null,
  handler: ServeListener,
  options: SocketOptions,
  signal: AbortSignal,
): Deno.HttpServer {
  const common = { signal, onError: handler.onError, onListen() {} };
  const handle = handler.handle as Deno.ServeHandler<Deno.Addr>;
  if (spec.kind === "unix") {
    return Deno.serve({ ...common, path: spec.path }, handle as Deno.ServeHandler<Deno.UnixAddr>);
  }
  const { hostname, port } = spec;
  const tcp = { ...common, hostname, port, tcpBacklog: options.backlog, ...reusePort(options) };
  return tls === null ? Deno.serve(tcp, handle) : Deno.serve({ ...tcp, ...tls }, handle);
}

/** Only where it is wanted: the runtime refuses the mere mention without `--unstable-net`. */
function reusePort(options: SocketOptions): { reusePort?: boolean } {
  return options.reusePort ? { reusePort: true } : {};
}
