/**
 * The contract of WebTransport, for every form of application that has it and every QUIC back-end.
 *
 * @module
 */

import { BACKENDS } from "../_support/contract_h3_server.ts";
import { startForm } from "../_support/contract_server.ts";
import { LogSink } from "../_support/log_sink.ts";
import { type Ends, fetchSessions } from "../_support/webtransport_app.ts";
import { asgiSessions } from "../_support/webtransport_asgi_app.ts";
import { Mailbox } from "../_support/webtransport_stream.ts";
import { webTransportSuite } from "./webtransport_suite.ts";

/** Forms that have sessions, and the application in them. */
const FORMS = [
  { form: "fetch exchange", make: fetchSessions },
  { form: "ASGI", make: asgiSessions },
] as const;

for (const backend of BACKENDS) {
  for (const { form, make } of FORMS) {
    webTransportSuite({
      name: `${form}, HTTP/3 (${backend})`,
      async serve() {
        const ends: Ends = new Mailbox();
        const log = new LogSink();
        const server = await startForm(form, make(ends), log, {}, backend);
        return {
          port: Number(new URL(server.binds[0]!.url).port),
          ends,
          takeErrors: () => log.take("ERROR"),
          [Symbol.asyncDispose]: () => server.shutdown(),
        };
      },
    });
  }
}
