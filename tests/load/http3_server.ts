/**
 * The server of the HTTP/3 load checks: `deno run -A --v8-flags=--expose-gc tests/load/http3_server.ts BACKEND FORM PORT`.
 *
 * FORM `soak` answers `/`, `/slow` (after 10 ms), `/endless` and `POST /sum`; the others are those of `transfer_apps.ts`.
 * Over TCP, the same port tells what is in memory, see {@link Report}.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { FetchHandler } from "../../mod.ts";
import { type Backend, BACKENDS, listenH3, reportOn } from "../_support/h3_listener.ts";
import { liveTimers } from "../_support/live_timers.ts";
import { MAX_TRANSFER_BYTES, TRANSFER_APPS } from "./transfer_apps.ts";

/** What the server holds, after a garbage collection. */
export interface Report {
  /** Open connections, requests and streams. */
  readonly counts: Readonly<Record<string, number>>;
  /** Resources of the runtime for QUIC by kind: halves of streams. */
  readonly resources: Readonly<Record<string, number>>;
  /** Timers that have not fired. */
  readonly timers: number;
  /** Bytes of JavaScript objects. */
  readonly heapBytes: number;
}

/** Seconds of silence under the soak; short, because clients that are killed do not say goodbye. */
const SOAK_IDLE_SECONDS = 2;

/** Seconds of silence otherwise; a client that does not read is silent. */
const IDLE_SECONDS = 30;

const soak: FetchHandler = async (request) => {
  switch (new URL(request.url).pathname) {
    case "/slow":
      await new Promise((resolve) => setTimeout(resolve, 10));
      return new Response("slow");
    case "/endless":
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
    case "/sum": {
      const hash = createHash("sha256");
      for await (const piece of request.body!) hash.update(piece);
      return new Response(hash.digest("hex"));
    }
    default:
      return new Response("Hello, World!\n");
  }
};

/** A kilobyte a millisecond. */
async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  controller.enqueue(new Uint8Array(1000));
}

// The runtime does not type its internals, nor what its flag `--expose-gc` adds.
const internals = globalThis as unknown as { gc(): void };
const { core }: { core: { resources(): Record<string, string> } } =
  // deno-lint-ignore no-explicit-any -- as above
  (Deno as any)[(Deno as any).internal];

function countByKind(resources: Readonly<Record<string, string>>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of Object.values(resources)) {
    if (!kind.startsWith("quic")) continue; // the report's own TCP connections come and go
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function main(backend: string, form: string, port: number): void {
  const known = BACKENDS.find((name) => name === backend);
  if (known === undefined) throw new Error(`Unknown back-end "${backend}"`);
  const found = form === "soak" ? [soak, "fetch"] as const : TRANSFER_APPS[form];
  if (found === undefined) throw new Error(`Unknown form "${form}"`);
  const timers = liveTimers();
  const listener = listenH3(found[0], {
    mode: found[1],
    backend: known satisfies Backend,
    port,
    idleTimeout: form === "soak" ? SOAK_IDLE_SECONDS : IDLE_SECONDS,
    config: { wsgiMaxBodySize: MAX_TRANSFER_BYTES, loglevel: "CRITICAL" },
  });
  reportOn(port, (): Report => {
    internals.gc();
    return {
      counts: { ...listener.counts() },
      resources: countByKind(core.resources()),
      timers: timers(),
      heapBytes: Deno.memoryUsage().heapUsed,
    };
  });
}

const [backend = "", form = "", port = ""] = Deno.args;
main(backend, form, Number(port));
