/**
 * `deno bench tests/bench/adapters_bench.ts`: one request through each adapter, without sockets and the runtime's HTTP.
 *
 * Only the difference between two versions of the same adapter means something.
 *
 * @module
 */

import { normalise } from "../../src/app/framework.ts";
import type { Mode } from "../../src/framework_types.ts";
import type { Framework } from "../../mod.ts";
import { FakeExchange } from "../_support/fake_exchange.ts";
import { asgi, asgiReceive, fetchAsync, wsgi } from "./apps.ts";

const APPS: readonly (readonly [name: string, app: Framework, mode: Mode])[] = [
  ["fetch", fetchAsync, "fetch"],
  ["ASGI", asgi, "asgi"],
  ["ASGI, content read", asgiReceive, "asgi"],
  ["WSGI", wsgi, "wsgi"],
];

const OPTIONS = {
  rootPath: "",
  maxAppQueueSize: 10,
  wsgiMaxBodySize: 2 ** 24,
  multiprocess: false,
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

const FIELDS = [["host", "localhost"], ["user-agent", "bench"], ["accept", "*/*"]] as const;

for (const [name, app, mode] of APPS) {
  const { http } = normalise(app, mode, OPTIONS);
  Deno.bench(`GET through ${name}`, () => http(new FakeExchange({ fields: FIELDS })));
}

// What of the figures above is the fake itself.
Deno.bench("GET answered by hand", async () => {
  const exchange = new FakeExchange({ fields: FIELDS });
  await exchange.respond({ status: 200, fields: [] });
  await exchange.write(new Uint8Array(14));
  await exchange.end();
});
