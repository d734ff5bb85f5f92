/**
 * A StatsD server that is not there.
 */

import assert from "node:assert/strict";
import { start } from "../../mod.ts";
import { LogSink } from "../_support/log_sink.ts";
import { ask, askUntil } from "./fault_stage.ts";

const ROWS = [
  { what: "whose name cannot be resolved", host: "nowhere.invalid:8125", warnings: 1 },
  { what: "where nobody listens", host: "127.0.0.1:9", warnings: 0 },
];

for (const { what, host, warnings } of ROWS) {
  Deno.test(`a StatsD server ${what} costs ${warnings} warning and no request`, async () => {
    const log = new LogSink();
    const config = { bind: "127.0.0.1:0", statsdHost: host, errorlog: log };
    {
      await using server = await start(() => new Response("ok"), config);
      const told = () => log.matching("Cannot send metrics").length;
      await askUntil(server.binds[0]!.url, () => told() === warnings); // a resolver may take its time
      for (let count = 0; count < 200; count++) {
        assert.equal(await ask(server.binds[0]!.url), "ok");
      }
    }
    const told = log.matching(`Cannot send metrics to "${host}"`);
    assert.equal(told.length, warnings, log.lines.join("\n"));
    for (const line of told) assert.match(line, /^WARN .*\. Those are lost$/);
  });
}
