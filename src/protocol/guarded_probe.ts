/**
 * Whether the hook of the guarded driver does what it must, found out on a connection of our own.
 *
 * A WebSocket is the hardest: it has to outlive the end of HTTP on its connection.
 *
 * Where OpenTelemetry is on (`OTEL_DENO`) the runtime makes a span of that request, and counts it, once in a process. It
 * cannot be told not to, not even by a trace that is not sampled; the path of the request says what it is.
 *
 * @module
 */

import { findHook, type ServeConnection } from "./guarded.ts";

/** Milliseconds for the whole test, which takes some 5. */
const TIMEOUT_MS = 5_000;

/** What operators see in spans. */
const PATH = "/hypercorn-guard-test";

/** The test needs a port of the loopback, and must not open one. */
export class ProbePermissionError extends Error {
  override name = "ProbePermissionError";

  constructor() {
    super("their test at start needs --allow-net=127.0.0.1");
  }
}

let probed: Promise<ServeConnection> | undefined;

/** The hook, once it has passed the test; looked at once for a process. @throws {Error} As {@link probe}. */
export function probeHook(): Promise<ServeConnection> {
  return probed ??= probe(findHook());
}

/**
 * Tests a hook.
 *
 * @throws {ProbePermissionError} When it may not.
 * @throws {Error} Says what is wrong with it.
 */
export async function probe(serve: ServeConnection | null): Promise<ServeConnection> {
  if (serve === null) throw new Error("this runtime has no hook to serve a single connection");
  const permission = await Deno.permissions.query({ name: "net", host: "127.0.0.1" });
  if (permission.state !== "granted") throw new ProbePermissionError();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const client = new WebSocket(`ws://127.0.0.1:${port}${PATH}`);
  const closed = new Promise<unknown>((resolve) => client.onclose = resolve);
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(timeout.resolve, TIMEOUT_MS, false);
  try {
    const works = await Promise.race([echoes(serve, listener, client), timeout.promise]);
    if (!works) throw new Error("the runtime's hook does not keep a WebSocket open");
    return serve;
  } finally {
    clearTimeout(timer);
    client.close();
    await closed;
  }
}

/** Says whether the client gets an answer after the end of HTTP on its connection. */
async function echoes(
  serve: ServeConnection,
  listener: Deno.Listener,
  client: WebSocket,
): Promise<boolean> {
  const answered = new Promise<boolean>((resolve) => {
    client.onmessage = ({ data }) => resolve(data === "ping");
    client.onerror = () => resolve(false);
  });
  const opened = new Promise<unknown>((resolve) => client.onopen = resolve);
  const served = serve(
    await listener.accept(),
    async (request, info) => {
      await new Promise((resolve) => setTimeout(resolve, 1)); // as applications that look something up first
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      served.keepSocket(info.completed);
      return response;
    },
    () => new Response(null, { status: 500 }),
  );
  await Promise.race([Promise.all([served.finished, opened]), answered]);
  if (client.readyState === WebSocket.OPEN) client.send("ping");
  return await answered;
}
