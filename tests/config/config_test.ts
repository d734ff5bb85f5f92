import assert from "node:assert/strict";
import { Config, resolveConfig } from "../../src/config/mod.ts";
import type { ConfigError } from "../../src/errors.ts";

function catchError(action: () => unknown): ConfigError {
  try {
    action();
  } catch (error) {
    return error as ConfigError;
  }
  return assert.fail("Nothing was thrown");
}

Deno.test("new Config() has Hypercorn's defaults", () => {
  const config = new Config();
  assert.deepEqual({ ...config }, {
    accessLogFormat: '%(h)s %(l)s %(l)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
    accesslog: null,
    adminBind: [],
    alpnProtocols: ["h2", "http/1.1"],
    altSvcHeaders: [],
    applicationPath: null,
    backlog: 100,
    bind: ["127.0.0.1:8000"],
    caCerts: null,
    certReqs: null,
    certfile: null,
    ciphers: "ECDHE+AESGCM",
    daemon: true,
    debug: false,
    devCertificate: false,
    dogstatsdTags: "",
    errorlog: "-",
    gracefulTimeout: 3,
    group: null,
    guard: "auto",
    h11MaxIncompleteSize: 16384,
    h11PassRawHeaders: false,
    h2MaxConcurrentStreams: 100,
    h2MaxHeaderListSize: 65536,
    h2MaxInboundFrameSize: 16384,
    handlerTimeout: null,
    includeDateHeader: true,
    includeServerHeader: true,
    insecureBind: [],
    keepAliveMaxRequests: 1000,
    keepAliveTimeout: 5,
    keyfile: null,
    keyfilePassword: null,
    limitConcurrency: null,
    logJson: false,
    logconfig: null,
    logconfigDict: null,
    loggerClass: null,
    loglevel: "INFO",
    maxAppQueueSize: 10,
    maxBodySize: null,
    maxConnectionAge: 3600,
    maxConnections: 16384,
    maxConnectionsPerClient: 2048,
    maxMemory: null,
    maxRequests: null,
    maxRequestsJitter: 0,
    maxTargetSize: 8192,
    pidPath: null,
    quicBind: [],
    readTimeout: null,
    reloadPaths: [],
    rootPath: "",
    serverNames: [],
    shutdownTimeout: 60,
    sslHandshakeTimeout: 60,
    startupTimeout: 60,
    statsdHost: null,
    statsdPrefix: "",
    umask: null,
    useReloader: false,
    user: null,
    verifyFlags: null,
    verifyMode: null,
    websocketMaxMessageSize: 16777216,
    websocketPermessageDeflate: false,
    websocketPingInterval: null,
    webtransportMaxSessions: 8,
    webtransportMaxStreams: 32,
    webtransportOrigins: [],
    workerClass: "asyncio",
    workerFlags: [],
    workers: 1,
    wsgiMaxBodySize: 16777216,
  });
});

Deno.test("new Config() shares no list with another Config, its init or the defaults", () => {
  const init = { serverNames: ["a"] };
  const [first, second] = [new Config(init), new Config()];
  first.serverNames.push("b");
  (first.bind as string[]).push("localhost:1");
  assert.deepEqual(init.serverNames, ["a"]);
  assert.deepEqual(second.bind, ["127.0.0.1:8000"]);
  assert.deepEqual(new Config(first).bind, ["127.0.0.1:8000", "localhost:1"]);
  assert.notEqual(new Config(first).bind, first.bind);
});

Deno.test("new Config() takes undefined for not given", () => {
  assert.equal(new Config({ certfile: undefined, backlog: undefined }).backlog, 100);
});

Deno.test("new Config() takes readonly lists", () => {
  const names = ["a", "b"] as const;
  assert.deepEqual(new Config({ serverNames: names }).serverNames, ["a", "b"]);
});

Deno.test("Config gives later values precedence over those of a file and the defaults", () => {
  const file = Config.fromMapping({ bind: ["localhost:1", "localhost:2"], backlog: 7, workers: 2 });
  const flags = { bind: ["localhost:3"], backlog: 9 };
  const config = new Config({ ...file, ...flags });
  assert.deepEqual(config.bind, ["localhost:3"], "a list replaces the whole list");
  assert.equal(config.backlog, 9);
  assert.equal(config.workers, 2);
  assert.equal(config.gracefulTimeout, 3);
});

Deno.test("Config refuses the two spellings of an option together", () => {
  const error = catchError(() =>
    Config.fromMapping({ keepAliveTimeout: 1, keep_alive_timeout: 1 })
  );
  assert.equal(
    error.message,
    'Cannot use option "keep_alive_timeout": expected each option once, received the same option ' +
      'as "keepAliveTimeout". Keep one of the two names',
  );
});

const NEAREST: [key: string, nearest: string | undefined][] = [
  ["keep_alive_timout", "keep_alive_timeout"],
  ["keepAliveTimout", "keepAliveTimeout"],
  ["keep-alive-timeout", "keep_alive_timeout"],
  ["KEEPALIVETIMEOUT", "keepAliveTimeout"],
  ["log_level", "loglevel"],
  ["certfle", "certfile"],
  ["workerz", "workers"],
  ["port", "bind"],
  ["access_logfile", "accesslog"],
  ["reload", "useReloader"],
  ["frobnicate", undefined],
  ["__proto__", undefined],
  ["x", undefined],
  ["", undefined],
  ["b".repeat(100_000), undefined],
];

for (const [key, nearest] of NEAREST) {
  const outcome = nearest === undefined ? "without a suggestion" : `and suggests "${nearest}"`;
  Deno.test(`Config refuses the unknown name "${key.slice(0, 30)}" ${outcome}`, () => {
    const error = catchError(() => Config.fromMapping(JSON.parse(`{${JSON.stringify(key)}:1}`)));
    assert.equal(error.name, "ConfigError");
    assert.equal(error.key, key);
    assert.equal(error.nearest, nearest);
    assert.equal(error.message.includes("Did you mean"), nearest !== undefined);
  });
}

const MESSAGES: [name: string, mapping: Record<string, unknown>, message: string][] = [
  [
    "a wrong type",
    { backlog: "many" },
    'Cannot use option "backlog": expected an integer from 1 to 2147483647, received "many"',
  ],
  [
    "an unknown name",
    { bnd: 1 },
    'Cannot use option "bnd": expected the name of an option, received an unknown name. ' +
    'Did you mean "bind"?',
  ],
  [
    "a list member",
    { server_names: ["a", "https://b"] },
    'Cannot use option "server_names[1]": expected a Host value such as "example.com" or ' +
    '"example.com:8443", without scheme or path, received "https://b"',
  ],
  [
    "an option that Deno cannot honour",
    { ca_certs: "ca.pem" },
    'Cannot use option "ca_certs": expected the default, null, received "ca.pem". Deno\'s ' +
    "listeners cannot ask for client certificates, so they would go unchecked: verify them in a " +
    "proxy in front of this server and leave the option out",
  ],
];

for (const [name, mapping, message] of MESSAGES) {
  Deno.test(`ConfigError has the whole story about ${name} in its message`, () => {
    assert.equal(catchError(() => Config.fromMapping(mapping)).message, message);
  });
}

Deno.test("ConfigError never shows a password or key", () => {
  const secrets: Record<string, unknown>[] = [
    { keyfile_password: 123456 },
    { keyfilePasword: "123456" },
    { keyfile_password: "123456", keyfilePassword: "123456" },
    { ciphers: "-----BEGIN PRIVATE KEY-----\n123456" },
    { keyfile_password: ["123456"] },
  ];
  for (const mapping of secrets) {
    const { message } = catchError(() => Config.fromMapping(mapping));
    assert.ok(!message.includes("123456"), message);
  }
  const error = catchError(() => resolveConfig({ keyfilePassword: "123456" }));
  assert.ok(!error.message.includes("123456"), error.message);
});

Deno.test("ConfigError cuts a long value", () => {
  const { message } = catchError(() => Config.fromMapping({ guard: "x".repeat(1_000_000) }));
  assert.ok(message.length < 300);
  assert.match(message, /\.\.\. \(1000000 characters\)/);
});

const NOT_MAPPINGS: [name: string, value: unknown, part: string][] = [
  ["a promise", Promise.resolve(new Config()), "Await the promise"],
  ["a path", "hypercorn.toml", "await Config.fromFile(path)"],
  ["a URL", new URL("file:///x.toml"), "await Config.fromFile(path)"],
  ["a Map", new Map([["bind", "localhost"]]), "received an object"],
  ["a list", [], "received []"],
  ["null", null, "received null"],
  ["a function", () => {}, "received a function"],
];

for (const [name, value, part] of NOT_MAPPINGS) {
  Deno.test(`Config refuses ${name} instead of an object of options`, () => {
    for (const use of [(it: never) => new Config(it), (it: never) => resolveConfig(it)]) {
      const error = catchError(() => use(value as never));
      assert.equal(error.key, "config");
      assert.ok(error.message.includes(part), error.message);
    }
  });
}
