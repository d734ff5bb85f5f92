/** `examples/production/nginx.conf` under nginx, in front of `examples/production/main.ts`. */

import { deadline } from "@std/async/deadline";
import assert from "node:assert/strict";
import production from "../../examples/production/main.ts";
import { start, upgradeWebSocket } from "../../mod.ts";
import { dispatcher } from "../../src/middleware/mod.ts";
import { CERTIFICATE } from "../_support/certificates.ts";
import { Nginx, NGINX_MISSING } from "../_support/nginx.ts";
import { REPOSITORY } from "../_support/repository.ts";

const PATIENCE_MS = 60_000;

const CLIENT_ADDRESS = "127.0.0.2";

const app = dispatcher({ "/echo": echo, "/": production });

function echo(request: Request): Response {
  const { socket, response } = upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

/** A client that trusts the certificate of the tests. Its address is not that of nginx, so that the two can be told apart. */
function trustingClient(): Deno.HttpClient {
  return Deno.createHttpClient({ caCerts: [CERTIFICATE], localAddress: CLIENT_ADDRESS });
}

function test(name: string, act: (nginx: Nginx) => Promise<void>): void {
  Deno.test({
    name: `behind nginx ${name}${
      NGINX_MISSING === undefined ? "" : ` (skipped: ${NGINX_MISSING})`
    }`,
    ignore: NGINX_MISSING !== undefined,
    async fn() {
      const text = await Deno.readTextFile(
        new URL("examples/production/nginx.conf", REPOSITORY),
      );
      await using server = await start(app, { bind: "127.0.0.1:0", errorlog: null });
      const { port } = new URL(server.binds[0]!.url);
      await using nginx = await Nginx.start(text, Number(port));
      await act(nginx);
    },
  });
}

test("an application sees the client's address and URL, whatever the client claims", async ({ secureUrl }) => {
  using client = trustingClient();
  const headers = {
    "x-forwarded-for": "192.0.2.66",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "evil.example",
  };
  for (const count of [1, 2]) { // the second comes on a connection that nginx kept open
    const response = await fetch(`${secureUrl}/a%20b?c=d`, { client, headers });
    const seen = await response.json();
    const expected = { url: "https://127.0.0.1/a%20b?c=d", client: CLIENT_ADDRESS };
    assert.deepEqual(seen, expected, `Request ${count}`);
  }
});

test("a WebSocket is opened and echoes", async ({ secureUrl }) => {
  using client = trustingClient();
  const socket = new WebSocket(`${secureUrl.replace("https", "wss")}/echo`, { client });
  const received = new Promise((resolve, reject) => {
    socket.onopen = () => socket.send("Hello");
    socket.onmessage = ({ data }) => resolve(data);
    socket.onclose = ({ code }) => reject(new Error(`It was closed with ${code} before a message`));
  });
  assert.equal(await deadline(received, PATIENCE_MS), "Hello");
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await deadline(closed, PATIENCE_MS);
});

test("plain HTTP is sent to HTTPS", async ({ plainUrl }) => {
  const response = await fetch(`${plainUrl}/a?b`, { redirect: "manual" });
  await response.body?.cancel();
  const { status, headers } = response;
  assert.deepEqual([status, headers.get("location")], [301, "https://127.0.0.1/a?b"]);
});
