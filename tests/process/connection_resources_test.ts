/**
 * What the runtime holds for a connection is gone with it, however the client left.
 */

import { start } from "../../mod.ts";
import { CERTIFICATE, TLS_OPTIONS } from "../_support/certificates.ts";
import { eventually } from "../_support/waiting.ts";

// The runtime does not type its internals.
const { core }: { core: { resources(): Record<string, string> } } =
  // deno-lint-ignore no-explicit-any -- as above
  (Deno as any)[(Deno as any).internal];

/** Connections that the runtime serves. */
function served(): number {
  return Object.values(core.resources()).filter((kind) => kind === "http").length;
}

const CONNECTIONS = 8;
const utf8 = new TextEncoder();

/** HTTP/2 preface and empty SETTINGS (RFC 9113 §3.4). */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/** What a client has sent when it leaves. */
const ROWS: readonly (readonly [protocol: "h2" | "http/1.1", what: string, sent: string])[] = [
  ["h2", "the handshake", ""],
  ["h2", "half a preface", PREFACE.slice(0, 10)],
  ["h2", "the preface", PREFACE],
  ["http/1.1", "the handshake", ""],
  ["http/1.1", "half a head", "GET / HTTP/1.1\r\nhost: x"],
];

for (const [protocol, what, sent] of ROWS) {
  Deno.test(`start() keeps nothing of ${protocol} clients that left after ${what}`, async () => {
    await using server = await start(() => new Response("hello"), {
      ...TLS_OPTIONS,
      guard: "on",
      bind: "127.0.0.1:0",
      errorlog: null,
    });
    const { hostname, port } = new URL(server.binds[0]!.url);
    const tls = { hostname, port: Number(port), caCerts: [CERTIFICATE] };
    await eventually(() => served() === 0, "the end of the test of the runtime");
    {
      using clients = new DisposableStack();
      for (let count = 0; count < CONNECTIONS; count++) {
        const conn = clients.use(await Deno.connectTls({ ...tls, alpnProtocols: [protocol] }));
        await conn.handshake();
        if (sent !== "") await conn.write(utf8.encode(sent));
      }
      await eventually(() => served() === CONNECTIONS, "all connections");
    }
    await eventually(() => served() === 0, "the end of all connections");
  });
}
