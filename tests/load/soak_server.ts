/**
 * The server of the soak: `deno run -A --v8-flags=--expose-gc tests/load/soak_server.ts PLAIN TLS ADMIN REPORT FOLDER`.
 *
 * The first four are ports: TCP without TLS, TCP and UDP with it, metrics, and a page that tells what the process holds, see
 * {@link SoakReport}. The logs are files in the folder.
 *
 * @module
 */

import { serve } from "../../mod.ts";
import { dispatcher } from "../../src/middleware/mod.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { liveTimers } from "../_support/live_timers.ts";
import { SOAK_MOUNTS } from "./soak_apps.ts";

/** What the server's process holds, after a garbage collection: so that it is what somebody holds on to. */
export interface SoakReport {
  /** Resident memory in bytes. */
  readonly resident: number;
  /** Bytes of JavaScript objects. */
  readonly heap: number;
  /** Bytes outside of the heap that its objects own, contents for one. */
  readonly external: number;
  /** Resources of the runtime by kind: sockets, streams, timers of its own. */
  readonly resources: Readonly<Record<string, number>>;
  /** Timers of JavaScript that have not fired. */
  readonly timers: number;
}

/** Names of the logs in the folder. */
export const LOG_NAMES = { access: "access.log", error: "error.log" } as const;

// The runtime does not type its internals, nor what its flag `--expose-gc` adds.
const { gc } = globalThis as unknown as { gc(): void };
const { core }: { core: { resources(): Record<string, string> } } =
  // deno-lint-ignore no-explicit-any -- as above
  (Deno as any)[(Deno as any).internal];

function report(timers: () => number): SoakReport {
  gc();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of Object.values(core.resources())) resources[kind] = (resources[kind] ?? 0) + 1;
  return { resident: rss, heap: heapUsed, external, resources, timers: timers() };
}

async function main(ports: readonly number[], folder: string): Promise<void> {
  const [plain, tls, admin, reportPort = 0] = ports;
  const timers = liveTimers();
  const reports = Deno.serve(
    { hostname: "127.0.0.1", port: reportPort, onListen() {} },
    () => Response.json(report(timers)),
  );
  await serve(dispatcher(SOAK_MOUNTS), {
    ...TLS_OPTIONS,
    guard: "on",
    bind: `127.0.0.1:${tls}`,
    insecureBind: `127.0.0.1:${plain}`,
    quicBind: `127.0.0.1:${tls}`,
    adminBind: `127.0.0.1:${admin}`,
    serverNames: [`127.0.0.1:${plain}`, `127.0.0.1:${tls}`],
    accesslog: `${folder}/${LOG_NAMES.access}`,
    errorlog: `${folder}/${LOG_NAMES.error}`,
  });
  await reports.shutdown(); // then the process ends by itself, if nothing is left that keeps it
}

if (import.meta.main) await main(Deno.args.slice(0, 4).map(Number), Deno.args[4] ?? ".");
