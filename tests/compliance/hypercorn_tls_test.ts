/** What Hypercorn's list says of TLS, where no other test shows it. */

import assert from "node:assert/strict";
import { type ConfigInit, type Server, start } from "../../mod.ts";
import { CERTIFICATE, TLS_OPTIONS } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";

function serveTls(config: ConfigInit = {}): Promise<Server> {
  const app = (_request: Request, { httpVersion }: { httpVersion: string }) =>
    new Response(`version ${httpVersion}`);
  return start(app, { bind: "127.0.0.1:0", errorlog: null, ...TLS_OPTIONS, ...config });
}

function addressOf(server: Server): { hostname: string; port: number } {
  const { hostname, port } = new URL(server.binds[0]!.url);
  return { hostname, port: Number(port) };
}

/** A ClientHello (RFC 5246 §7.4.1.2) of the version given, without extensions. */
function clientHello(major: number, minor: number): Uint8Array {
  const body = [major, minor, ...new Uint8Array(32), 0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0];
  const CLIENT_HELLO = 1;
  const HANDSHAKE = 22;
  const message = [CLIENT_HELLO, 0, 0, body.length, ...body];
  return Uint8Array.of(HANDSHAKE, 3, 1, 0, message.length, ...message);
}

for (const [name, minor] of [["1.0", 1], ["1.1", 2]] as const) {
  Deno.test(`TLS ${name} is refused`, async () => {
    await using server = await serveTls();
    using connection = await Deno.connect(addressOf(server));
    await connection.write(clientHello(3, minor));
    const answer = new Uint8Array(7);
    const count = await withDeadline(connection.read(answer), "the alert");
    const [ALERT, FATAL] = [21, 2];
    assert.deepEqual([count, answer[0], answer[5]], [7, ALERT, FATAL]);
  });
}

const CLIENTS: { name: string; alpnProtocols?: string[]; chosen: string | null }[] = [
  { name: "nothing", chosen: null },
  { name: "http/1.1", alpnProtocols: ["http/1.1"], chosen: "http/1.1" },
  { name: "http/1.1 before h2", alpnProtocols: ["http/1.1", "h2"], chosen: "h2" },
];

for (const { name, alpnProtocols, chosen } of CLIENTS) {
  Deno.test(`TLS answers a client that offers ${name} with ${chosen ?? "nothing, and HTTP/1.1"}`, async () => {
    await using server = await serveTls();
    using connection = await Deno.connectTls({
      ...addressOf(server),
      caCerts: [CERTIFICATE],
      ...(alpnProtocols && { alpnProtocols }),
    });
    assert.equal((await connection.handshake()).alpnProtocol, chosen);
    if (chosen === "h2") return;
    await connection.write(
      new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    );
    assert.match(
      await new Response(connection.readable).text(),
      /^HTTP\/1\.1 200 [^]*version 1\.1$/,
    );
  });
}
