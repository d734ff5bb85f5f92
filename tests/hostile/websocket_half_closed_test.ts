/** Clients that close their side of the connection before a WebSocket handshake is answered. */

import type { Framework, Mode } from "../../src/framework_types.ts";
import { start, upgradeWebSocket } from "../../mod.ts";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import { eventually } from "../_support/waiting.ts";
import { LogSink } from "../_support/log_sink.ts";

const CLIENTS = 20;

const HANDSHAKE = new TextEncoder().encode(
  "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
);

/** Long enough for the end of the connection to be noticed. */
const thought = () => new Promise((resolve) => setTimeout(resolve, 50));

const asgi: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "websocket") return;
  await receive();
  await thought();
  await send({ type: "websocket.accept" });
  await receive();
};

const APPS: Record<string, { app: Framework; mode: Mode }> = {
  fetch: {
    mode: "fetch",
    app: async (request: Request) => {
      await thought();
      return upgradeWebSocket(request).response;
    },
  },
  asgi: { mode: "asgi", app: asgi },
};

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

for (const guard of ["off", "on"] as const) {
  for (const [form, { app, mode }] of Object.entries(APPS)) {
    Deno.test({
      name:
        `A client that half-closes its handshake leaves no descriptor (${form}, guard ${guard})`,
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        const log = new LogSink();
        const config = { bind: "127.0.0.1:0", errorlog: log, guard };
        await using server = await start(app, config, { mode });
        const { port } = server.binds[0]!.addr as Deno.NetAddr;
        const before = descriptors();
        for (let client = 0; client < CLIENTS; client++) {
          using conn = await Deno.connect({ port, hostname: "127.0.0.1" });
          await conn.write(HANDSHAKE);
          await conn.closeWrite();
          const answer = new Uint8Array(1024);
          while (await conn.read(answer).catch(() => null) !== null); // an answer, or none
        }
        await eventually(() => descriptors() <= before + 1, "the descriptors to be released");
      },
    });
  }
}
