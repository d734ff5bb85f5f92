/** The option `websocket_permessage_deflate` of a whole server: off by default, and what it does over HTTP/3. */

import assert from "node:assert/strict";
import { constants, inflateRawSync } from "node:zlib";
import type { ASGIFramework } from "../../mod.ts";
import { concat } from "../_support/bytes.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { startForm } from "../_support/contract_server.ts";
import { H3ClientConnection } from "../_support/h3_client_connection.ts";
import { LogSink } from "../_support/log_sink.ts";
import { openWebSocketH3 } from "../_support/websocket_h3_client.ts";

const TEXT = "compress me ".repeat(1000);

/** Sends a text that pays to compress. */
const app: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "websocket") return;
  await receive();
  await send({ type: "websocket.accept" });
  await send({ type: "websocket.send", text: TEXT });
  await receive();
};

for (const backend of BACKENDS) {
  for (const websocketPermessageDeflate of [undefined, true]) {
    const outcome = websocketPermessageDeflate ? "compresses" : "does not compress";
    Deno.test(`HTTP/3 (${backend}): a server ${outcome} with websocketPermessageDeflate ${websocketPermessageDeflate}`, async () => {
      const config = websocketPermessageDeflate ? { websocketPermessageDeflate } : {};
      const log = new LogSink();
      await using server = await startForm("ASGI", app, log, config, backend);
      const connection = await H3ClientConnection.open(server.binds[0]!.url);
      const client = await openWebSocketH3(connection, {
        fields: { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" },
      });
      assert.equal(
        client.answer.headers.get("sec-websocket-extensions"),
        websocketPermessageDeflate
          ? "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
          : null,
      );
      const frame = await client.next();
      assert.equal(frame?.compressed, websocketPermessageDeflate ?? false);
      const payload = frame!.compressed ? inflate(frame!.payload) : frame!.payload;
      assert.equal(new TextDecoder().decode(payload), TEXT);
      await client.close(1000);
      await client.closing();
      await connection.close();
      assert.deepEqual(log.matching("ERROR"), []);
    });
  }
}

function inflate(payload: Uint8Array): Uint8Array {
  const data = concat([payload, Uint8Array.of(0, 0, 0xff, 0xff)]);
  return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
}
