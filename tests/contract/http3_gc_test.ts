/**
 * Nothing that is in use over HTTP/3 is ended by the garbage collector, whose finalizers in the runtime send FIN,
 * STOP_SENDING, and end listeners.
 */
import assert from "node:assert/strict";
import type { Server } from "../../mod.ts";
import type { Framework } from "../../src/framework_types.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import type { BackendName } from "../../src/quic/deno.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { type ClientExchange, readResponse, request } from "../_support/client.ts";
import { collectGarbage } from "../_support/collector.ts";
import { fetchApp } from "../_support/contract_apps.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { Probe } from "../_support/contract_plan.ts";
import { EXCHANGE_FORMS, type Form, startForm } from "../_support/contract_server.ts";
import { withDeadline } from "../_support/deadline.ts";
import { H3Client } from "../_support/h3_client.ts";
import { LogSink } from "../_support/log_sink.ts";
import { appOf } from "./exchange_suite.ts";

/** What a test works with. */
interface Context {
  readonly client: H3Client;
  readonly server: Server;
  readonly probe: Probe;
}

/** Serves an application; returns what the log says of errors. */
async function play(
  form: Form,
  backend: BackendName,
  run: (context: Context) => Promise<void>,
  app?: (probe: Probe) => Framework,
): Promise<string[]> {
  const log = new LogSink();
  const probe = new Probe();
  const made = app ? app(probe) : appOf(form, probe);
  await using server = await startForm(form, made, log, TLS_OPTIONS, backend);
  await using client = new H3Client(server.binds[0]!.url);
  await run({ client, server, probe });
  return log.matching("ERROR");
}

function openUpload(client: H3Client, target: string) {
  return client.open({ method: "POST", target, content: "open" });
}

/** Reads exactly this text. */
async function expectText(exchange: ClientExchange, wanted: string): Promise<void> {
  let text = "";
  while (text.length < wanted.length) {
    const piece = await exchange.read();
    assert.ok(piece, `The content ended after ${JSON.stringify(text)}`);
    text += new TextDecoder().decode(piece);
  }
  assert.equal(text, wanted);
}

const FORMS_THAT_WAIT = EXCHANGE_FORMS.filter((form) => form !== "WSGI");

for (const backend of BACKENDS) {
  for (const form of FORMS_THAT_WAIT) {
    Deno.test(`${form} over HTTP/3 (${backend}): a request that waits for its handler outlives collections`, async () => {
      const errors = await play(form, backend, async ({ client, probe }) => {
        const exchange = await client.open({ target: "/hang" });
        await withDeadline(probe.called, "the call of the application");
        for (let round = 0; round < 3; round++) await collectGarbage();
        probe.open();
        assert.equal((await readResponse(exchange)).text, "hello");
      });
      assert.deepEqual(errors, []);
    });

    Deno.test(`${form} over HTTP/3 (${backend}): a slow upload and a slow response outlive collections between their pieces`, async () => {
      const errors = await play(form, backend, async ({ client }) => {
        await using exchange = await openUpload(client, "/pump");
        for (const word of ["one", "two", "three"]) {
          await collectGarbage();
          await exchange.send(word);
          await expectText(exchange, word);
        }
        await collectGarbage();
        await exchange.finish();
        assert.equal(await exchange.read(), null);
      });
      assert.deepEqual(errors, []);
    });
  }

  Deno.test(`HTTP/3 (${backend}): a connection without requests outlives collections, and so does the listener`, async () => {
    const errors = await play("fetch exchange", backend, async ({ client, server }) => {
      assert.equal((await request(client, { target: "/hello" })).text, "hello");
      const connection = await client.connection();
      for (let round = 0; round < 3; round++) await collectGarbage();
      assert.equal((await request(client, { target: "/hello" })).text, "hello");
      assert.equal(await client.connection(), connection, "it had to connect again");
      await using second = new H3Client(server.binds[0]!.url);
      assert.equal((await request(second, { target: "/hello" })).text, "hello");
    });
    assert.deepEqual(errors, []);
  });

  Deno.test(`HTTP/3 (${backend}): a response that was broken off never looks complete, whatever is collected`, async () => {
    const errors = await play("fetch exchange", backend, async ({ client, probe }) => {
      const waiting = await client.open({ target: "/hang" });
      const broken = await client.open({ target: "/broken" });
      await expectText(broken, "piece");
      for (let round = 0; round < 3; round++) await collectGarbage();
      // The end of the broken one is the end of the connection, for which the other is waited.
      probe.open();
      assert.equal((await readResponse(waiting)).text, "hello");
      await assert.rejects(broken.read(), { name: "BrokenResponse" });
    }, breaking);
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, /Error: boom/);
  });
}

/** The contract's application, whose `/broken` fails in the middle of its content. */
function breaking(probe: Probe): FetchHandler {
  const app = fetchApp(probe);
  return (request, info) =>
    new URL(request.url).pathname === "/broken" ? new Response(failing()) : app(request, info);
}

function failing(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let pulls = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (pulls++ > 0) throw new Error("boom");
      controller.enqueue(new TextEncoder().encode("piece"));
    },
  });
}
