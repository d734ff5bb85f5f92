/** HTTP/3 beside the TCP listeners: start, addresses, `alt-svc`, stop. */

import configuration from "../../deno.json" with { type: "json" };
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { BindError, type ConfigInit, type Server, start } from "../../mod.ts";
import { CERTIFICATE, KEY_PATH, TLS_OPTIONS } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { GTLSCLIENT } from "../_support/gtlsclient.ts";
import { testWithTool } from "../_support/h3_tools.ts";
import { LogSink } from "../_support/log_sink.ts";
import { REPOSITORY, runDeno } from "../_support/repository.ts";

const hello = () => new Response("hello");
const BASE: ConfigInit = { ...TLS_OPTIONS, bind: "127.0.0.1:0", errorlog: null };

/** A server with HTTP/3 on free ports. */
function startHttp3(config: ConfigInit = {}): Promise<Server> {
  return start(hello, { ...BASE, quicBind: "127.0.0.1:0", ...config });
}

/** Ports of the UDP binds. */
function quicPorts(server: Server): number[] {
  return server.binds.filter(({ addr }) => addr.transport === "udp")
    .map(({ url }) => Number(new URL(url).port));
}

/** Value of `alt-svc`, over HTTP/2 or HTTP/1.1. */
async function altSvc(url: string, http2: boolean): Promise<string | null> {
  using client = Deno.createHttpClient({ caCerts: [CERTIFICATE], http1: !http2, http2 });
  const response = await fetch(url, { client });
  await response.body?.cancel();
  return response.headers.get("alt-svc");
}

Deno.test("start() tells of HTTP/3 addresses after the others, with their real ports", async () => {
  const log = new LogSink();
  await using server = await startHttp3({
    insecureBind: "127.0.0.1:0",
    quicBind: ["127.0.0.1:0", "[::1]:0"],
    errorlog: log,
  });
  const [secure, plain, ...quic] = server.binds;
  assert.deepEqual([secure!.secure, plain!.secure], [true, false]);
  assert.deepEqual(secure!.versions, ["1.0", "1.1", "2"]);
  assert.deepEqual(quic.map(({ text }) => text), ["127.0.0.1:0", "[::1]:0"]);
  for (const { url, addr, secure, versions } of quic) {
    assert.ok("port" in addr && addr.port > 0);
    assert.equal(new URL(url).port, String(addr.port));
    assert.match(url, /^https:\/\/(127\.0\.0\.1|\[::1\]):\d+$/);
    assert.deepEqual([addr.transport, secure, versions], ["udp", true, ["3"]]);
    assert.ok(log.lines.includes(`INFO Running on ${url} (HTTP/3, CTRL + C to quit)`));
  }
  assert.equal(log.matching("Running on").length, 4);
});

Deno.test("start() tells the hash of the certificate of HTTP/3 addresses, of the others none", async () => {
  await using server = await startHttp3();
  const [, base64] = /^-----BEGIN CERTIFICATE-----([^-]*)/.exec(CERTIFICATE)!;
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.fromBase64(base64!));
  const expected = [undefined, new Uint8Array(digest).toBase64()];
  assert.deepEqual(server.binds.map(({ certificateHash }) => certificateHash), expected);
});

Deno.test("a start with HTTP/3 logs the hash of a certificate for development", async () => {
  const log = new LogSink();
  await using server = await start(hello, {
    bind: [],
    quicBind: "127.0.0.1:0",
    devCertificate: true,
    errorlog: log,
  });
  const [line] = log.matching("serverCertificateHashes");
  assert.ok(line!.endsWith(`: ${server.binds[0]!.certificateHash}`), line);
});

for (const http2 of [false, true]) {
  Deno.test(`alt-svc over HTTP/${http2 ? 2 : 1} names the UDP ports, over TLS only`, async () => {
    await using server = await startHttp3({
      insecureBind: "127.0.0.1:0",
      quicBind: ["127.0.0.1:0", "127.0.0.1:0", "[::1]:0"],
    });
    const [one, two] = quicPorts(server);
    const [secure, plain] = server.binds;
    const expected = `h3=":${one}"; ma=86400, h3=":${two}"; ma=86400`; // ::1 is elsewhere
    assert.equal(await altSvc(secure!.url, http2), expected);
    assert.equal(await altSvc(plain!.url, false), null);
  });
}

Deno.test("alt-svc is as configured instead, on every bind", async () => {
  const altSvcHeaders = ['h3="cdn.example:443"', 'h2=":443"'];
  await using server = await startHttp3({ insecureBind: "127.0.0.1:0", altSvcHeaders });
  const [secure, plain] = server.binds;
  assert.equal(await altSvc(secure!.url, true), altSvcHeaders.join(", "));
  assert.equal(await altSvc(plain!.url, false), altSvcHeaders.join(", "));
});

Deno.test("alt-svc is not sent without quicBind", async () => {
  await using server = await start(hello, BASE);
  assert.equal(await altSvc(server.binds[0]!.url, true), null);
});

Deno.test("alt-svc is not sent once the server stops", async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const app = async () => {
    begun.resolve();
    await answer.promise;
    return new Response();
  };
  const server = await start(app, { ...BASE, quicBind: "127.0.0.1:0" });
  const value = altSvc(server.binds[0]!.url, false);
  await begun.promise;
  const stopped = server.shutdown();
  answer.resolve();
  assert.equal(await value, null);
  await stopped;
});

Deno.test("start() explains a UDP port in use, closes what it had opened, and stops the application", async () => {
  await using first = await startHttp3();
  const [port] = quicPorts(first);
  const events: string[] = [];
  const log = new LogSink();
  const config = { ...BASE, quicBind: ["127.0.0.1:0", `127.0.0.1:${port}`], errorlog: log };
  await assert.rejects(
    start(hello, config, {
      startup: () => events.push("startup"),
      shutdown: () => events.push("shutdown"),
    }),
    (error) =>
      error instanceof BindError && error.bind === `127.0.0.1:${port}` &&
      error.message === `Cannot bind UDP "127.0.0.1:${port}": the address is in use. ` +
          `Stop the other program ("ss -lunp sport = :${port}" shows it) or bind another port`,
  );
  assert.deepEqual(events, ["startup", "shutdown"]);
  assert.deepEqual(log.matching("Running on"), []);
});

const UDP_USES: readonly { name: string; script: string }[] = [
  { name: "a stopped server", script: `await serveOnce({});` },
  {
    name: "a start that fails at a TCP address",
    script: `
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await assert.rejects(serveOnce({ bind: "127.0.0.1:" + taken.addr.port }), BindError);`,
  },
];
for (const { name, script } of UDP_USES) {
  Deno.test(`${name} leaves its UDP port free, as soon as Deno has collected the socket`, async () => {
    const program = `
      import assert from "node:assert/strict";
      const udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
      const quicBind = "127.0.0.1:" + udp.addr.port;
      udp.close();
      async function serveOnce(config) {
        const all = { devCertificate: true, bind: [], quicBind, errorlog: null, ...config };
        await using server = await start(() => new Response(), all);
      }
      async function use() { ${script} }
      await use();
      await assert.rejects(serveOnce({}), BindError, "Deno frees it at once: correct the README");
      for (let attempts = 1_000; ; attempts--) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 10));
        try {
          await serveOnce({});
          break;
        } catch (error) {
          if (attempts === 0) throw error;
        }
      }
      console.log("free");`;
    assert.equal(await run(program, "--config", "deno.json", "--v8-flags=--expose-gc"), "free");
  });
}

const REFUSED: readonly { name: string; quicBind: string; message: RegExp }[] = [
  {
    name: "an address of another machine",
    quicBind: "192.0.2.1:0",
    message: /^Cannot bind UDP "192\.0\.2\.1:0": no interface of this machine has that address/,
  },
  {
    name: "a name that cannot be resolved",
    quicBind: "nowhere.invalid:0",
    message:
      /^Cannot bind UDP "nowhere\.invalid:0": the host name "nowhere\.invalid" cannot be resolved/,
  },
];
for (const { name, quicBind, message } of REFUSED) {
  Deno.test(`start() explains ${name} in quicBind in one line`, async () => {
    await assert.rejects(
      startHttp3({ quicBind }),
      (error) =>
        error instanceof BindError && error.bind === quicBind && message.test(error.message) &&
        !error.message.includes("\n"),
    );
  });
}

Deno.test("start() names the flag that quicBind needs, as the README quotes it", async () => {
  const message = await runStable(`
    await start(() => new Response(), { devCertificate: true, bind: [], quicBind: "127.0.0.1:0" })
      .catch((error) => console.log(error.message));`);
  assert.equal(
    message,
    `Cannot use option "quic_bind": expected a runtime with QUIC, received Deno ${Deno.version.deno} ` +
      'without it. Add "--unstable-net" to the command, or "unstable": ["net"] to deno.json',
  );
  const readme = await Deno.readTextFile(new URL("README.md", REPOSITORY));
  assert.ok(readme.includes(`| \`${message.replace(Deno.version.deno, "2.9.6")}\``));
});

testWithTool(GTLSCLIENT, "HTTP/3 uses an encrypted key with its password", async () => {
  const keyfile = createPrivateKey(await Deno.readTextFile(KEY_PATH)).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "secret",
  }) as string;
  await using server = await startHttp3({ keyfile, keyfilePassword: "secret" });
  await using client = await GTLSCLIENT.connect(quicPorts(server)[0]!);
  assert.deepEqual(await client.get(["/"]), ["hello"]);
});

testWithTool(GTLSCLIENT, "HTTP/3 serves without any TCP listener", async () => {
  await using server = await startHttp3({ bind: [] });
  assert.equal(server.binds.length, 1);
  await using client = await GTLSCLIENT.connect(quicPorts(server)[0]!);
  assert.deepEqual(await client.get(["/"]), ["hello"]);
});

testWithTool(GTLSCLIENT, "a graceful stop lets requests over HTTP/3 finish", async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const app = async () => {
    begun.resolve();
    await answer.promise;
    return new Response("late");
  };
  const log = new LogSink();
  const server = await start(app, { ...BASE, quicBind: "127.0.0.1:0", errorlog: log });
  await using client = await GTLSCLIENT.connect(quicPorts(server)[0]!);
  const got = client.get(["/"]);
  await begun.promise;
  const stopped = server.shutdown();
  answer.resolve();
  assert.deepEqual(await got, ["late"]);
  await withDeadline(stopped, "the end of the stop");
  assert.deepEqual(log.matching("WARN"), []);
});

testWithTool(GTLSCLIENT, "a stop cuts requests over HTTP/3 after gracefulTimeout", async () => {
  const begun = Promise.withResolvers<void>();
  const app = () => {
    begun.resolve();
    return new Promise<Response>(() => {});
  };
  const log = new LogSink();
  const config = { ...BASE, quicBind: "127.0.0.1:0", errorlog: log, gracefulTimeout: 0.1 };
  const server = await start(app, config);
  await using client = await GTLSCLIENT.connect(quicPorts(server)[0]!);
  const got = client.get(["/"]).catch((error: Error) => error);
  await begun.promise;
  await withDeadline(server.shutdown(), "the end of the stop");
  assert.deepEqual(log.matching("cutting"), [
    "WARN Graceful timeout: cutting 1 unfinished requests",
  ]);
  await got;
});

Deno.test("a stop does not count an idle HTTP/3 connection as something it cut", async () => {
  const log = new LogSink();
  const server = await startHttp3({ errorlog: log, gracefulTimeout: 0 });
  const client = await Deno.connectQuic({
    hostname: "127.0.0.1",
    port: quicPorts(server)[0]!,
    serverName: "localhost",
    caCerts: [CERTIFICATE],
    alpnProtocols: ["h3"],
  });
  const streams = client.incomingUnidirectionalStreams.getReader();
  await withDeadline(streams.read(), "a stream of the server, which shows that it took the client");
  await withDeadline(server.shutdown(), "the end of the stop");
  const { closeCode } = await withDeadline(client.closed, "CONNECTION_CLOSE");
  assert.equal(closeCode, 0x100, "H3_NO_ERROR");
  assert.deepEqual(log.matching("WARN"), []);
});

/** What a program prints that begins with our `start`. */
async function run(script: string, ...flags: readonly string[]): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    const url = JSON.stringify(new URL("mod.ts", REPOSITORY).href);
    await Deno.writeTextFile(file, `import { BindError, start } from ${url};\n${script}`);
    return (await runDeno(["run", "-A", "--quiet", ...flags, file])).text.trim();
  } finally {
    await Deno.remove(file);
  }
}

/** {@link run} with our configuration, but for `unstable`. */
async function runStable(script: string): Promise<string> {
  const config = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const { imports, links } = configuration;
    const absolute = links.map((link) => new URL(link, REPOSITORY).pathname);
    await Deno.writeTextFile(config, JSON.stringify({ imports, links: absolute, lock: false }));
    return await run(script, "--config", config);
  } finally {
    await Deno.remove(config);
  }
}
