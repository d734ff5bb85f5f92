/**
 * Servers of every form of application.
 *
 * @module
 */

import { normalise } from "../../src/app/framework.ts";
import type { Framework, Mode } from "../../src/framework_types.ts";
import { type ConfigInit, resolveConfig } from "../../src/config/mod.ts";
import type { BackendName } from "../../src/quic/deno.ts";
import { openInstruments } from "../../src/server/instruments.ts";
import { adapterOptions, startApplication } from "../../src/server/host.ts";
import { openLog } from "../../src/server/log.ts";
import { formName } from "../../src/server/reporter.ts";
import type { Server } from "../../src/server/server.ts";
import { start } from "../../src/server/start.ts";
import { startH3 } from "./contract_h3_server.ts";
import type { LogSink } from "./log_sink.ts";

/** Ways of running an application. */
export const FORMS = ["fetch short cut", "fetch exchange", "ASGI", "WSGI"] as const;

/** One of {@link FORMS}. */
export type Form = (typeof FORMS)[number];

/** Those without a short cut, which is what HTTP/3 has. */
export const EXCHANGE_FORMS: readonly Form[] = FORMS.filter((form) => form !== "fetch short cut");

const MODES: Readonly<Record<Form, Mode>> = {
  "fetch short cut": "fetch",
  "fetch exchange": "fetch",
  ASGI: "asgi",
  WSGI: "wsgi",
};

/** Far more than a test waits for the end of a server: who leaves something over, is found out by that. */
const GRACEFUL_SECONDS = 60;

/** Mode of a form. */
export function modeOf(form: Form): Mode {
  return MODES[form];
}

/**
 * Starts a server on a free port of the loopback; `app` must have the form.
 *
 * @param quic Starts one for HTTP/3 alone, on this back-end.
 */
export async function startForm(
  form: Form,
  app: Framework,
  log: LogSink,
  config: ConfigInit = {},
  quic?: BackendName,
): Promise<Server> {
  const init: ConfigInit = {
    bind: "127.0.0.1:0",
    errorlog: log,
    gracefulTimeout: GRACEFUL_SECONDS,
    ...config,
  };
  const mode = MODES[form];
  if (form !== "fetch exchange" && quic === undefined) return await start(app, init, { mode });
  const resolved = resolveConfig(init);
  const lines = openLog(resolved);
  const application = normalise(app, mode, adapterOptions(resolved, lines));
  if (quic) return await startH3(application, resolved, lines, formName(mode), quic);
  const { http, websocket } = application;
  return await startApplication({
    application: { http, websocket },
    config: resolved,
    instruments: openInstruments(resolved, () => {}),
    form: formName(mode),
  });
}
