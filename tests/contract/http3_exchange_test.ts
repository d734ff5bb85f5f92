/**
 * What exchanges can do over HTTP/3 and no form of application can ask for, and files.
 */
import assert from "node:assert/strict";
import type { ASGIFramework } from "../../mod.ts";
import { resolveConfig } from "../../src/config/mod.ts";
import { ApplicationError } from "../../src/errors.ts";
import type { Exchange, ExchangeHandler } from "../../src/exchange.ts";
import type { BackendName } from "../../src/quic/deno.ts";
import { openLog } from "../../src/server/log.ts";
import { CERTIFICATE_PATH } from "../_support/certificates.ts";
import { type ClientFields, fieldOf, readResponse, request } from "../_support/client.ts";
import { BACKENDS, startH3 } from "../_support/contract_h3_server.ts";
import { startForm } from "../_support/contract_server.ts";
import { H3Client } from "../_support/h3_client.ts";
import { LogSink } from "../_support/log_sink.ts";

/** Serves a handler of exchanges, and plays a client. Returns the errors that were logged. */
async function withHandler(
  backend: BackendName,
  http: ExchangeHandler,
  play: (client: H3Client) => Promise<void>,
): Promise<string[]> {
  const log = new LogSink();
  const config = resolveConfig({ bind: "127.0.0.1:0", errorlog: log });
  const websocket = () => Promise.reject(new Error("No WebSocket here"));
  await using server = await startH3({ http, websocket }, config, openLog(config), "test", backend);
  await using client = new H3Client(server.binds[0]!.url);
  await play(client);
  return log.matching("ERROR");
}

const PIECE = new Uint8Array(30_000);

/** Reads the content, and answers with the trailers as JSON. */
async function tellTrailers(exchange: Exchange): Promise<void> {
  while (await exchange.read() !== null);
  await exchange.respond({ status: 200, fields: [] });
  await exchange.write(JSON.stringify(await exchange.trailers()));
  await exchange.end();
}

const TRAILERS: readonly { name: string; sent: ClientFields | undefined }[] = [
  { name: "with their bytes and order", sent: [["x-b", "\xe9"], ["x-a", ""], ["x-b", "2"]] },
  { name: "also when there are none", sent: undefined },
];

for (const backend of BACKENDS) {
  for (const { name, sent } of TRAILERS) {
    Deno.test(`HTTP/3 (${backend}): request trailers reach the exchange, ${name}`, async () => {
      const errors = await withHandler(backend, tellTrailers, async (client) => {
        await using exchange = await client.open({ method: "POST", target: "/", content: "open" });
        await exchange.send("content");
        await exchange.finish(sent);
        assert.deepEqual(JSON.parse((await readResponse(exchange)).text), sent ?? null);
      });
      assert.deepEqual(errors, []);
    });
  }

  Deno.test(`HTTP/3 (${backend}): interim responses of any status but 101 go out before the response`, async () => {
    const refused: unknown[] = [];
    const inform: ExchangeHandler = async (exchange) => {
      for (const status of [102, 101, 200, 199]) {
        await exchange.inform({ status, fields: [] }).catch((error) => refused.push(error));
      }
      await exchange.respond({ status: 200, fields: [] });
      await exchange.end();
    };
    const errors = await withHandler(backend, inform, async (client) => {
      await using exchange = await client.open({ target: "/" });
      assert.equal((await readResponse(exchange)).status, 200);
      assert.deepEqual(exchange.interim.map(({ status }) => status), [102, 199]);
      assert.ok(refused.every((error) => error instanceof ApplicationError));
      assert.equal(refused.length, 2);
    });
    assert.deepEqual(errors, []);
  });

  Deno.test(`HTTP/3 (${backend}): one of fifty responses breaks off, and the others arrive whole`, async () => {
    const go = Promise.withResolvers<void>();
    const stream: ExchangeHandler = async (exchange) => {
      await exchange.respond({ status: 200, fields: [] });
      await exchange.write(PIECE);
      await go.promise;
      if (exchange.request.target === "/25") throw new Error("boom");
      await exchange.write(PIECE);
      await exchange.end();
    };
    const errors = await withHandler(backend, stream, async (client) => {
      const outcomes: Promise<number | string>[] = [];
      for (let index = 0; index < 50; index++) {
        const exchange = await client.open({ target: `/${index}` });
        await exchange.head();
        outcomes.push(
          readResponse(exchange).then(
            ({ content }) => content.length,
            (error) => error.name,
          ),
        );
      }
      go.resolve();
      const wanted = outcomes.map((_, index) => index === 25 ? "BrokenResponse" : 2 * PIECE.length);
      assert.deepEqual(await Promise.all(outcomes), wanted);
      assert.equal((await request(client, { target: "/" })).content.length, 2 * PIECE.length);
    });
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, /^ERROR Error in test Framework: GET .*\/25\n.*boom/);
  });

  for (const method of ["GET", "HEAD"]) {
    Deno.test(`HTTP/3 (${backend}): a file that the application names is the content of ${method}`, async () => {
      const app: ASGIFramework = async (scope, _receive, send) => {
        if (scope.type !== "http") return;
        assert.ok(scope.extensions?.["http.response.pathsend"]);
        await send({ type: "http.response.start", status: 200 });
        await send({ type: "http.response.pathsend", path: CERTIFICATE_PATH });
      };
      const log = new LogSink();
      await using server = await startForm("ASGI", app, log, {}, backend);
      await using client = new H3Client(server.binds[0]!.url);
      const response = await request(client, { method, target: "/" });
      const file = await Deno.readTextFile(CERTIFICATE_PATH);
      assert.equal(response.text, method === "HEAD" ? "" : file);
      assert.equal(fieldOf(response, "content-length"), String(file.length));
      assert.deepEqual(log.matching("ERROR"), []);
    });
  }
}
