import assert from "node:assert/strict";
import { ApplicationError } from "../../src/errors.ts";
import { FRAME } from "../../src/h3/mod.ts";
import { flushSoon } from "../../src/protocol/flush_queue.ts";
import { serveH3 } from "../_support/h3_harness.ts";

Deno.test("H3Exchange.sendFile() sends a file with its length, and only its head for HEAD", async () => {
  const path = import.meta.filename!;
  const file = await Deno.readFile(path);
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.sendFile(path);
  });
  const peer = server.connect();
  const response = await peer.get();
  assert.deepEqual(response.content, file);
  assert.equal(response.field("content-length"), String(file.length));
  const head = await peer.request({ method: "HEAD" }).finish().response();
  assert.equal(head.field("content-length"), String(file.length));
  assert.deepEqual(head.frameTypes, [FRAME.HEADERS]);
  await peer.untilIdle();
});

Deno.test("H3Exchange.sendFile() holds the head until the file is open, however long that takes", async () => {
  const { open } = Deno;
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    Deno.open = async (...args) => {
      Deno.open = open;
      for (let i = 0; i < 3; i++) await new Promise<void>((flush) => flushSoon({ flush }));
      return await open(...args);
    };
    await exchange.sendFile(import.meta.filename!);
  });
  const { size } = await Deno.stat(import.meta.filename!);
  const response = await server.connect().get();
  assert.equal(response.field("content-length"), String(size));
  assert.equal(response.content.length, size);
});

Deno.test("H3Exchange.sendFile() of a missing file leaves the response to the application", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await assert.rejects(exchange.sendFile("/no/such/file"), ApplicationError);
    await exchange.write("instead");
    await exchange.end();
  });
  assert.equal((await server.connect().get()).text, "instead");
});
