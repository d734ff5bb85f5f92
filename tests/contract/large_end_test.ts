import assert from "node:assert/strict";
import type { ASGIFramework, WSGIFramework } from "../../mod.ts";
import { type Form, startForm } from "../_support/contract_server.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RESPONSE_BUFFER_BYTES } from "../../src/limits.ts";

const SIZES = [RESPONSE_BUFFER_BYTES - 1, RESPONSE_BUFFER_BYTES, 5 * RESPONSE_BUFFER_BYTES];

/** Streams one byte, then `size` more as the last piece; notes that it got to its end. */
function apps(
  size: number,
  ended: () => void,
): { form: Form; app: ASGIFramework | WSGIFramework }[] {
  const asgi: ASGIFramework = async (scope, _receive, send) => {
    if (scope.type !== "http") return;
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: "x", more_body: true });
    await new Promise((resolve) => setTimeout(resolve, 5)); // so that the response becomes a stream
    await send({ type: "http.response.body", body: new Uint8Array(size) });
    ended();
  };
  const wsgi: WSGIFramework = function* (_environ, startResponse) {
    startResponse("200 OK", []);
    yield "x";
    yield new Uint8Array(size);
    ended();
  };
  return [{ form: "ASGI", app: asgi }, { form: "WSGI", app: wsgi }];
}

for (const size of SIZES) {
  for (const { form } of apps(size, () => {})) {
    Deno.test(`${form}: a last piece of ${size} bytes completes, for the client and the application`, async () => {
      const ended = Promise.withResolvers<void>();
      const { app } = apps(size, () => ended.resolve()).find((row) => row.form === form)!;
      const log = new LogSink();
      const server = await startForm(form, app, log);
      const content = await (await fetch(server.binds[0]!.url)).bytes();
      assert.equal(content.length, size + 1);
      await ended.promise;
      await server.shutdown();
      assert.deepEqual(log.matching("cutting"), []);
    });
  }
}
