/**
 * The pages for operators, on addresses of their own: `/metrics`, `/healthz`, `/readyz`.
 *
 * They are plain text without TLS and tell what the server does: bind them where only probes and Prometheus can reach
 * them. No application is asked, so they answer while it is busy.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import type { BindSpec, ResolvedConfig } from "../config/mod.ts";
import { BindError } from "../errors.ts";
import type { SocketAddr } from "../fetch_types.ts";
import { AdminPages, type AdminSources } from "./admin_pages.ts";
import { bindError } from "./bind_error.ts";
import { describeBind } from "./describe_bind.ts";
import type { Bind } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import { changeOwner, removeStaleSocket, withUmask } from "./unix_socket.ts";
import { within } from "./within.ts";

/** What the admin listeners need. */
export interface AdminOptions extends AdminSources {
  /** Where to listen. */
  readonly binds: readonly BindSpec[];
  /** Mode and owner of Unix sockets. Default: those of the process. */
  readonly sockets?: Pick<ResolvedConfig, "umask" | "user" | "group">;
}

/** Open admin listeners. */
export interface Admin {
  /** Where they are, with real ports. */
  readonly binds: readonly Bind[];
  /** Closes them: answers that were begun have a second to leave, then connections are cut. */
  close(): Promise<void>;
}

/** Seconds that answers have to leave before connections are cut. */
const CLOSE_SECONDS = 1;

/** Milliseconds for an answer to leave that the runtime calls complete: it is written in the next turn. */
const LEAVE_MS = 20;

const PROCESS_SOCKETS = { umask: null, user: null, group: null };

/**
 * Opens every admin bind, or none.
 *
 * @throws {BindError} When one cannot be opened; the message names `adminBind` and says what to do.
 */
export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const { binds, sockets = PROCESS_SOCKETS } = options;
  const pages = new AdminPages(options);
  const open: AdminListener[] = [];
  try {
    for (const spec of binds) open.push(await openOne(spec, pages, sockets));
  } catch (error) {
    await Promise.all(open.map((listener) => listener.cut()));
    throw error;
  }
  return {
    binds: open.map(({ bind }) => bind),
    async close() {
      await within(pages.settled(), CLOSE_SECONDS);
      await delay(LEAVE_MS);
      await Promise.all(open.map((listener) => listener.cut()));
    },
  };
}

/**
 * Opens the admin binds that a configuration asks for, and logs where they are.
 *
 * @returns `undefined` when it asks for none.
 * @throws As {@link openAdmin}.
 */
export async function openConfiguredAdmin(
  { adminBind, ...sockets }: ResolvedConfig,
  sources: AdminSources & { readonly log: Pick<ServerLog, "info" | "warn"> },
): Promise<Admin | undefined> {
  if (adminBind.length === 0) return undefined;
  const admin = await openAdmin({ ...sources, binds: adminBind, sockets });
  for (const { url } of admin.binds) sources.log.info(`Metrics and probes on ${url}`);
  return admin;
}

/** One listener. */
interface AdminListener {
  readonly bind: Bind;
  /** Closes the listener and all its connections. */
  cut(): Promise<void>;
}

async function openOne(
  spec: BindSpec,
  pages: AdminPages,
  sockets: NonNullable<AdminOptions["sockets"]>,
): Promise<AdminListener> {
  const abort = new AbortController();
  try {
    if (spec.kind === "unix") await removeStaleSocket(spec);
    const server = withUmask(
      spec.kind === "unix" ? sockets.umask : null,
      () => serveOn(spec, pages, abort.signal),
    );
    const addr = server.addr as SocketAddr;
    if (spec.kind === "unix") await changeOwner(spec, sockets);
    return {
      bind: describeBind(spec, addr, false),
      cut() {
        abort.abort(); // never after the server's own `shutdown()`: the runtime would die of it
        return server.finished;
      },
    };
  } catch (error) {
    abort.abort();
    throw adminError(spec, error);
  }
}

function serveOn(spec: BindSpec, pages: AdminPages, signal: AbortSignal): Deno.HttpServer {
  const common = { signal, onListen() {}, onError: () => pages.broken() };
  const handle = (request: Request, { completed }: Deno.ServeHandlerInfo<Deno.Addr>) =>
    pages.answer(request, completed);
  return spec.kind === "unix"
    ? Deno.serve({ ...common, path: spec.path }, handle as Deno.ServeHandler<Deno.UnixAddr>)
    : Deno.serve({ ...common, hostname: spec.hostname, port: spec.port }, handle);
}

function adminError(spec: BindSpec, cause: unknown): BindError {
  const error = cause instanceof BindError ? cause : bindError(spec, cause, "tcp");
  return new BindError(error.bind, `Cannot open "adminBind": ${error.message}`, {
    cause: error.cause,
  });
}
