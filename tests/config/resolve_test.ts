import assert from "node:assert/strict";
import { Config, type ConfigInit, isPemText, resolveConfig } from "../../src/config/mod.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { ConfigError } from "../../src/errors.ts";

const TLS = { certfile: "cert.pem", keyfile: "key.pem" };

Deno.test("resolveConfig() without argument gives the defaults and no warning", () => {
  const resolved = resolveConfig();
  assert.deepEqual(resolved.bind, [
    { kind: "tcp", hostname: "127.0.0.1", port: 8000, text: "127.0.0.1:8000" },
  ]);
  assert.deepEqual(resolved.insecureBind, []);
  assert.deepEqual(resolved.quicBind, []);
  assert.deepEqual(resolved.warnings, []);
  assert.equal(resolved.tlsEnabled, false);
  assert.deepEqual(resolveConfig(new Config()), resolved);
  assert.ok(!("certReqs" in resolved));
});

Deno.test("resolveConfig() brings assigned attributes into normal form", () => {
  const config = new Config();
  config.bind = "localhost:8080";
  config.rootPath = "/api/";
  config.loglevel = "debug";
  config.umask = "0o077";
  const resolved = resolveConfig(config);
  assert.deepEqual(resolved.bind.map((spec) => spec.text), ["localhost:8080"]);
  assert.equal(resolved.rootPath, "/api");
  assert.equal(resolved.loglevel, "DEBUG");
  assert.equal(resolved.umask, 0o077);
  assert.equal(config.rootPath, "/api/", "the Config is left alone");
});

Deno.test("resolveConfig() is not affected by later changes and cannot be changed", () => {
  const config = new Config({ serverNames: ["a"] });
  const resolved = resolveConfig(config);
  config.serverNames.push("b");
  assert.deepEqual(resolved.serverNames, ["a"]);
  assert.throws(() => Object.assign(resolved, { backlog: 1 }), TypeError);
});

Deno.test("resolveConfig() refuses an attribute that does not exist", () => {
  const config = Object.assign(new Config(), { keepAliveTimout: 5 });
  assert.throws(() => resolveConfig(config), { nearest: "keepAliveTimeout" });
});

Deno.test("resolveConfig() enables TLS with certfile and keyfile, as paths or PEM text", () => {
  assert.equal(resolveConfig(TLS).tlsEnabled, true);
  const certfile = "-----BEGIN CERTIFICATE-----\n";
  assert.equal(resolveConfig({ ...TLS, certfile }).certfile, certfile);
  assert.ok(isPemText(certfile));
  assert.ok(isPemText(`\n${certfile}`));
  assert.ok(!isPemText("cert.pem"));
});

const REFUSED: [name: string, init: ConfigInit, key: string, part: string][] = [
  ["certfile alone", { certfile: "c" }, "certfile", 'expected "keyfile" beside it'],
  ["keyfile alone", { keyfile: "k" }, "keyfile", 'expected "certfile" beside it'],
  ["a password without keyfile", { keyfilePassword: "x" }, "keyfilePassword", '"keyfile" beside'],
  ["insecureBind without TLS", { insecureBind: "localhost:1" }, "insecureBind", "plain text"],
  ["TLS on a Unix socket", { ...TLS, bind: "unix:/a" }, "bind[0]", "insecureBind"],
  ["quicBind without TLS", { quicBind: "localhost:1" }, "quicBind", "QUIC is always encrypted"],
  ["no address", { bind: [] }, "bind", "at least one address"],
  [
    "a certificate beside devCertificate",
    { ...TLS, devCertificate: true },
    "devCertificate",
    "false",
  ],
  ["half of one", { certfile: "c", devCertificate: true }, "devCertificate", "made at start"],
  ["devCertificate on a Unix socket", { devCertificate: true, bind: "unix:/a" }, "bind[0]", "Unix"],
  ["an address twice", { bind: [":1", "0.0.0.0:1"] }, "bind[1]", '"bind[0]" is the same'],
  ["a name twice", { bind: ["a:1", "A:1"] }, "bind[1]", '"bind[0]" is the same'],
  ["an IPv6 address twice", { bind: ["[::1]:1", "[0::1]:1"] }, "bind[1]", "is the same"],
  ["a Unix socket twice", { bind: ["unix:/a", "unix:///a"] }, "bind[1]", "is the same"],
  [
    "an address in two lists",
    { ...TLS, bind: ":1", insecureBind: [":2", ":1"] },
    "insecureBind[1]",
    '"bind[0]" is the same',
  ],
  [
    "an application's address for operators",
    { adminBind: "127.0.0.1:8000" },
    "adminBind[0]",
    "same",
  ],
  ["only an address for operators", { bind: [], adminBind: ":1" }, "bind", "at least one address"],
  ["a UDP address twice", { ...TLS, quicBind: [":1", ":1"] }, "quicBind[1]", "is the same"],
  ["an assigned number as a string", { backlog: "9" as never }, "backlog", 'received "9"'],
];

for (const [name, init, key, part] of REFUSED) {
  Deno.test(`resolveConfig() refuses ${name}`, () => {
    assert.throws(() => resolveConfig(init), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.key, key);
      assert.ok(error.message.includes(part), error.message);
      return true;
    });
  });
}

Deno.test("resolveConfig() accepts addresses that do not collide", () => {
  const resolved = resolveConfig({
    ...TLS,
    bind: ["127.0.0.1:0", "127.0.0.1:0", ":443"],
    insecureBind: ["127.0.0.1:0", "unix:/443", ":80"],
    quicBind: [":443"],
  });
  assert.deepEqual(resolved.quicBind.map((spec) => spec.text), [":443"]);
  assert.equal(resolved.insecureBind.length, 3);
});

Deno.test("resolveConfig() allows insecureBind or quicBind alone beside a certificate", () => {
  assert.equal(resolveConfig({ ...TLS, bind: [], insecureBind: ":80" }).bind.length, 0);
  assert.equal(resolveConfig({ ...TLS, bind: [], quicBind: ":443" }).bind.length, 0);
});

Deno.test("resolveConfig() enables TLS with devCertificate", () => {
  const init = { devCertificate: true, insecureBind: ":80", quicBind: ":443" };
  const { tlsEnabled, warnings } = resolveConfig(init);
  assert.equal(tlsEnabled, true);
  assert.deepEqual(warnings, []);
});

/** Options that act on guarded listeners. */
const GUARDED: ConfigInit[] = [
  { keepAliveMaxRequests: 5 },
  { keepAliveTimeout: 30 },
  { maxConnectionAge: 60 },
  { maxConnections: 100 },
  { maxConnectionsPerClient: 10 },
  { ...TLS, sslHandshakeTimeout: 5 },
];

const UNGUARDED: [init: ConfigInit, bind: string, reason: string][] = [
  [{ bind: "127.0.0.2:1" }, "127.0.0.2:1", "only this machine can reach it"],
  [{ bind: ["0.0.0.0:1", "[::1]:2"] }, "[::1]:2", "only this machine can reach it"],
  [{ bind: "localhost:1" }, "localhost:1", "only this machine can reach it"],
  [{ bind: ":1", guard: "off" }, ":1", '"guard" is "off"'],
];

for (const init of GUARDED) {
  const name = Object.keys(init).at(-1);
  for (const [binds, text, reason] of UNGUARDED) {
    Deno.test(`resolveConfig() warns that "${name}" does not act on ${JSON.stringify(binds)}`, () => {
      assert.deepEqual(resolveConfig({ ...init, ...binds }).warnings, [
        `Option "${name}" does not act on "${text}", which is not guarded: ${reason}`,
      ]);
    });
  }
  Deno.test(`resolveConfig() does not warn about "${name}" where every listener is guarded`, () => {
    for (const binds of [{ bind: ":1" }, { bind: "127.0.0.1:1", guard: "on" }] as ConfigInit[]) {
      assert.deepEqual(resolveConfig({ ...init, ...binds }).warnings, []);
    }
  });
}

Deno.test("resolveConfig() warns of a Unix socket that is not guarded", () => {
  const bind = ["unix:/run/a.sock", "127.0.0.1:1"];
  const { warnings } = resolveConfig({ bind, guard: "on", keepAliveTimeout: 1 });
  assert.deepEqual(warnings, [
    'Option "keepAliveTimeout" does not act on "unix:/run/a.sock", which is not guarded: ' +
    "only this machine can reach it",
  ]);
});

Deno.test("resolveConfig() does not warn about sslHandshakeTimeout without TLS over TCP", () => {
  assert.deepEqual(resolveConfig({ sslHandshakeTimeout: 5 }).warnings, []);
  const quic = { ...TLS, bind: [], quicBind: ":443", sslHandshakeTimeout: 5 };
  assert.deepEqual(resolveConfig(quic).warnings, []);
});

const IGNORED: [init: ConfigInit, reason: RegExp][] = [
  [{ alpnProtocols: ["h2"] }, /always offer h2 and http\/1\.1$/],
  [{ alpnProtocols: ["http/1.1", "h2"] }, /always offer h2 and http\/1\.1$/],
  [{ daemon: false }, /multiprocessing/],
  [{ debug: true }, /no debug mode/],
  [{ h11PassRawHeaders: true }, /HTTP\/1 parser/],
  [{ h2MaxInboundFrameSize: 1 }, /HTTP\/2/],
  [{ workerClass: "trio" }, /one event loop$/],
  [{ umask: 0o077 }, /Unix sockets/],
  [{ user: 0 }, /Unix sockets/],
  [{ group: 0 }, /Unix sockets/],
];

for (const [init, reason] of IGNORED) {
  const name = Object.keys(init)[0];
  Deno.test(`resolveConfig() warns why ${JSON.stringify(init)} is ignored`, () => {
    const { warnings } = resolveConfig(init);
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]?.startsWith(`Option "${name}" is ignored: `), warnings[0]);
    assert.match(warnings[0] ?? "", reason);
  });
}

/** Options that act over HTTP/3 only, and why. */
const HTTP3_ONLY: [init: ConfigInit, reason: string][] = [
  [{ h2MaxConcurrentStreams: 1 }, "Deno's HTTP/2 implementation has no setting for it"],
  [
    { includeDateHeader: false },
    "over TCP the runtime adds date to every response and cannot be told not to",
  ],
  [
    { websocketPermessageDeflate: true },
    "the runtime's own WebSockets, of HTTP/1.1, have no extensions",
  ],
];

for (const [init, reason] of HTTP3_ONLY) {
  const name = Object.keys(init)[0];
  Deno.test(`resolveConfig() warns that "${name}" acts over HTTP/3 only`, () => {
    assert.deepEqual(resolveConfig(init).warnings, [
      `Option "${name}" acts over HTTP/3 only, and "quicBind" is not set: ${reason}`,
    ]);
    assert.deepEqual(resolveConfig({ ...TLS, quicBind: ":443", ...init }).warnings, [
      `Option "${name}" acts over HTTP/3 only: ${reason}`,
    ]);
    assert.deepEqual(resolveConfig({ ...TLS, bind: [], quicBind: ":443", ...init }).warnings, []);
  });
}

Deno.test("resolveConfig() has a warning tested here for every option that does nothing or not everything", () => {
  const tested = [
    ...GUARDED,
    ...[...IGNORED, ...HTTP3_ONLY].map(([init]) => init),
  ].flatMap((init) => Object.keys(init));
  for (const { name, effect } of OPTIONS) {
    const silent = effect === "now" || (typeof effect === "object" && "refused" in effect);
    if (!silent) assert.ok(tested.includes(name), name);
  }
});

Deno.test("resolveConfig() does not warn about owner and mode when a Unix socket is bound", () => {
  const init = { bind: "unix:/a", umask: 0, user: 1, group: 2 };
  assert.deepEqual(resolveConfig(init).warnings, []);
});

Deno.test("resolveConfig() takes cert_reqs for verify_mode with a warning", () => {
  const resolved = resolveConfig(Config.fromMapping({ cert_reqs: 0 }));
  assert.equal(resolved.verifyMode, "CERT_NONE");
  assert.deepEqual(resolved.warnings, ['Option "certReqs" is deprecated: use "verifyMode"']);
});

Deno.test("resolveConfig() accepts that client certificates are not verified", () => {
  const resolved = resolveConfig({ verifyMode: "CERT_NONE", verifyFlags: 0 });
  assert.deepEqual(resolved.warnings, []);
});
