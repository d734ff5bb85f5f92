import assert from "node:assert/strict";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { startForm } from "../_support/contract_server.ts";
import { LogSink } from "../_support/log_sink.ts";

const TEXT = "hello ".repeat(1000);

/** An origin server whose answers are encoded as the path says. */
function startOrigin(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const coding = new URL(request.url).pathname.slice(1);
    if (coding === "identity") return new Response(TEXT);
    const encode = coding === "br" ? brotliCompressSync : gzipSync;
    return new Response(new Uint8Array(encode(TEXT)), { headers: { "content-encoding": coding } });
  });
}

for (const form of ["fetch short cut", "fetch exchange"] as const) {
  for (const coding of ["gzip", "br", "identity"]) {
    Deno.test(`a fetch application (${form}) passes an upstream answer on: ${coding}`, async () => {
      const origin = startOrigin();
      const upstream = `http://127.0.0.1:${origin.addr.port}/${coding}`;
      {
        await using server = await startForm(form, () => fetch(upstream), new LogSink());
        const response = await fetch(server.binds[0]!.url);
        // fetch() decodes the upstream's content, so the coding must not be claimed any more.
        assert.equal(response.headers.get("content-encoding"), null);
        assert.equal(response.headers.get("server"), "hypercorn-h11");
        assert.equal(await response.text(), TEXT);
        const length = response.headers.get("content-length");
        assert.equal(length, coding === "identity" ? String(TEXT.length) : null);
      }
      await origin.shutdown();
    });
  }
}
