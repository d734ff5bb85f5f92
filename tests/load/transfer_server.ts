/**
 * The server of the transfer check: `deno run -A tests/load/transfer_server.ts ADAPTER PORT`.
 *
 * What it answers is in `transfer_apps.ts`.
 *
 * @module
 */

import { normalise } from "../../src/app/framework.ts";
import { resolveConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import { openInstruments } from "../../src/server/instruments.ts";
import { startApplication } from "../../src/server/host.ts";
import { openLog } from "../../src/server/log.ts";
import { MAX_TRANSFER_BYTES, TRANSFER_APPS } from "./transfer_apps.ts";

async function main(adapter: string, port: string): Promise<void> {
  const found = TRANSFER_APPS[adapter];
  if (found === undefined) throw new Error(`Unknown adapter "${adapter}"`);
  const [app, mode] = found;
  const wsgiMaxBodySize = MAX_TRANSFER_BYTES;
  const config = resolveConfig({ bind: `127.0.0.1:${port}`, wsgiMaxBodySize, loglevel: "WARNING" });
  const log = openLog(config);
  const { rootPath, maxAppQueueSize } = config;
  const options = { rootPath, maxAppQueueSize, wsgiMaxBodySize, multiprocess: false, log };
  const normal = normalise(app, mode, options);
  const application = adapter === "fetch-exchange" ? withoutShortCut(normal) : normal;
  const instruments = openInstruments(config, () => {});
  await startApplication({ application, config, instruments, form: mode });
}

/** As under a middleware: the fetch application is called through its exchange adapter. */
function withoutShortCut({ fetch: _fetch, ...application }: Application): Application {
  return application;
}

const [adapter = "", port = ""] = Deno.args;
await main(adapter, port);
