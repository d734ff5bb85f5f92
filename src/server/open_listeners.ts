/**
 * Opening the listeners of a server: all of them, or none.
 *
 * @module
 */

import type { BindSpec, ResolvedConfig } from "../config/mod.ts";
import type { Application } from "../exchange.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import { ServeListener } from "../protocol/serve.ts";
import type { Reporter } from "../protocol/serve_context.ts";
import { type OpenListener, openListener } from "./listener.ts";
import { listenerSettings } from "./listener_settings.ts";
import type { ServerLog } from "./log.ts";
import type { TlsMaterial } from "./tls.ts";

/** What listeners need. */
export interface OpenOptions {
  /** The application. */
  readonly application: Application;
  /** The configuration. */
  readonly config: ResolvedConfig;
  /** Certificate and key, `null` without TLS. */
  readonly tls: TlsMaterial | null;
  /** Where they note what they are doing. */
  readonly inFlight: InFlight;
  /** Where they report. */
  readonly reporter: Reporter;
  /** The error log. */
  readonly log: ServerLog;
}

/**
 * Opens every bind: TLS, plain text, in this order.
 *
 * @throws {BindError} When one cannot be opened; the others are closed again.
 */
export async function openListeners(options: OpenOptions): Promise<OpenListener[]> {
  const { config, tls } = options;
  const open: OpenListener[] = [];
  try {
    for (const spec of config.bind) open.push(await openTcp(spec, tls, options));
    for (const spec of config.insecureBind) open.push(await openTcp(spec, null, options));
  } catch (error) {
    for (const listener of open) listener.abort();
    await Promise.allSettled(open.map((listener) => listener.finished));
    throw error;
  }
  return open;
}

async function openTcp(
  spec: BindSpec,
  tls: TlsMaterial | null,
  { application, config, inFlight, reporter }: OpenOptions,
): Promise<OpenListener> {
  const settings = listenerSettings(config, tls !== null, inFlight, reporter);
  return await openListener(spec, tls, new ServeListener(application, settings), config);
}
