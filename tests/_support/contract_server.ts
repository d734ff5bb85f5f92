/**
 * Servers of every form of application.
 *
 * @module
 */

import {
  type AdapterOptions,
  type Framework,
  type Mode,
  normalise,
} from "../../src/app/framework.ts";
import { type ConfigInit, resolveConfig } from "../../src/config/mod.ts";
import { openLog } from "../../src/server/log.ts";
import type { Server } from "../../src/server/server.ts";
import { start, startApplication } from "../../src/server/start.ts";
import type { LogSink } from "./log_sink.ts";

/** Ways of running an application. */
export const FORMS = ["fetch short cut", "fetch exchange", "ASGI", "WSGI"] as const;

/** One of {@link FORMS}. */
export type Form = (typeof FORMS)[number];

const MODES: Readonly<Record<Form, Mode>> = {
  "fetch short cut": "fetch",
  "fetch exchange": "fetch",
  ASGI: "asgi",
  WSGI: "wsgi",
};

/** Mode of a form. */
export function modeOf(form: Form): Mode {
  return MODES[form];
}

/** Starts a server on a free port of the loopback; `app` must have the form. */
export async function startForm(
  form: Form,
  app: Framework,
  log: LogSink,
  config: ConfigInit = {},
): Promise<Server> {
  const init: ConfigInit = { bind: "127.0.0.1:0", errorlog: log, ...config };
  if (form !== "fetch exchange") return await start(app, init, { mode: MODES[form] });
  const resolved = resolveConfig(init);
  const lines = openLog(resolved);
  const { rootPath, maxAppQueueSize, wsgiMaxBodySize } = resolved;
  const options: AdapterOptions = {
    rootPath,
    maxAppQueueSize,
    wsgiMaxBodySize,
    multiprocess: false,
    log: lines,
  };
  const { http, websocket } = normalise(app, "fetch", options);
  return await startApplication({ http, websocket }, resolved, lines, "fetch");
}
