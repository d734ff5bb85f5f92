/** Renewing the certificate of a listener that serves. */

import assert from "node:assert/strict";
import { BACKENDS, listenH3 } from "../_support/h3_listener.ts";
import { WireEndpoint } from "../_support/h3_wire.ts";
import { freePort } from "../_support/server_process.ts";

function testData(name: string): string {
  return Deno.readTextFileSync(new URL(`../testdata/${name}`, import.meta.url));
}

for (const backend of BACKENDS) {
  Deno.test(`H3Listener.setIdentity() renews the certificate and drops no request in progress (${backend})`, async () => {
    const gate = Promise.withResolvers<void>();
    const app = async (request: Request) => {
      if (request.url.endsWith("/waits")) await gate.promise;
      return new Response("served");
    };
    const port = freePort();
    const listener = listenH3(app, { mode: "fetch", backend, port, config: { errorlog: null } });
    using endpoint = new WireEndpoint();
    using before = await endpoint.connect(port);
    const waiting = before.get("/waits");

    const renewed = testData("renewed.pem");
    listener.setIdentity({ cert: renewed, key: testData("renewed.key") });
    using after = await endpoint.connect(port, [renewed]);
    assert.equal(await after.get("/"), "served");
    await assert.rejects(endpoint.connect(port), /certificate/i);

    gate.resolve();
    assert.equal(await waiting, "served");
    assert.equal(await before.get("/"), "served");
    listener.abort();
    await listener.finished;
  });
}
