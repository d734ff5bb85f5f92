import assert from "node:assert/strict";
import { Config, type ConfigInit, resolveConfig } from "../../src/config/mod.ts";
import { findOption, type OptionName, OPTIONS } from "../../src/config/options.ts";
import { ConfigError } from "../../src/errors.ts";

/** Values an option accepts (as they are, or with their normal form) and values it refuses. */
interface Row {
  readonly good: readonly unknown[];
  readonly normal?: readonly (readonly [input: unknown, normal: unknown])[];
  readonly bad: readonly unknown[];
}

const PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
const SINK = { debug() {}, info() {}, warn() {}, error() {} };

const TEXT: Row = { good: ["", "a b"], bad: [null, 1, true, ["a"], {}] };
const OPTIONAL_TEXT: Row = { good: [null, "", "a b"], bad: [1, true, ["a"]] };
const PATH: Row = { good: [null, "a/b.txt"], bad: ["", "a\0b", 1, true, {}] };
const FLAG: Row = { good: [true, false], bad: [null, 0, 1, "true", "", []] };
const SECONDS: Row = {
  good: [0, 0.5, 60, 2_147_483],
  bad: [null, -1, -0.001, 2_147_484, NaN, Infinity, "5", true, 5n],
};
const POSITIVE: Row = {
  good: [0.001, 60, 2_147_483],
  bad: [0, -1, 2_147_484, NaN, Infinity, "5", false],
};
const COUNT: Row = {
  good: [1, 5, Number.MAX_SAFE_INTEGER],
  bad: [0, -1, 1.5, NaN, Infinity, 2 ** 53, "5", true, 5n, []],
};
const OPTIONAL_COUNT: Row = { good: [null, ...COUNT.good], bad: COUNT.bad };
const ID: Row = { good: [null, 0, 1000], bad: [-1, 0.5, 2 ** 32 - 1, NaN, "root"] };
const BINDS: Row = {
  good: [["127.0.0.1:1"], ["[::1]:1", "localhost"], []],
  normal: [["localhost:1", ["localhost:1"]]],
  bad: [null, 8000, "8000", [8000], ["localhost", ""], new Array(1), {}, "fd://3"],
};
const LOG: Row = {
  good: [null, "-", "access.log", SINK],
  normal: [["", null]],
  bad: [1, true, {}, { info() {} }, "a\0b"],
};
/** For options of which only the default is honoured. */
const CLIENT_CERTIFICATES: Row = {
  good: [null, "CERT_NONE"],
  normal: [[0, "CERT_NONE"]],
  bad: ["CERT_OPTIONAL", "CERT_REQUIRED", 1, 2, 3, "cert_none", true],
};

const ROWS: Record<OptionName, Row> = {
  accessLogFormat: TEXT,
  accesslog: LOG,
  adminBind: BINDS,
  alpnProtocols: {
    good: [["h2", "http/1.1"], ["http/1.1"], []],
    bad: [null, "h2", [""], ["h 2"], [2], ["x".repeat(256)]],
  },
  altSvcHeaders: {
    good: [[], ['h3=":443"; ma=60', "clear"]],
    bad: [null, 'h3=":443"', [""], ["a\r\nb: c"], [1], ["\u20ac"]],
  },
  applicationPath: OPTIONAL_TEXT,
  backlog: { good: [1, 511, 2 ** 31 - 1], bad: [0, -1, 1.5, 2 ** 31, NaN, "100", null] },
  bind: BINDS,
  caCerts: { good: [null], bad: ["ca.pem", "", 1] },
  certReqs: CLIENT_CERTIFICATES,
  certfile: { good: [null, "cert.pem", PEM], bad: ["", 1, true, new Uint8Array(1)] },
  ciphers: { good: ["ECDHE+AESGCM"], bad: [null, "", "AES128", 1] },
  daemon: FLAG,
  debug: FLAG,
  devCertificate: FLAG,
  dogstatsdTags: TEXT,
  errorlog: LOG,
  gracefulTimeout: SECONDS,
  group: ID,
  guard: { good: ["auto", "on", "off"], bad: [null, true, "", "AUTO", "yes"] },
  h11MaxIncompleteSize: COUNT,
  h11PassRawHeaders: FLAG,
  h2MaxConcurrentStreams: { good: [1, 100, 65_536], bad: [...COUNT.bad, 65_537] },
  h2MaxHeaderListSize: COUNT,
  h2MaxInboundFrameSize: COUNT,
  handlerTimeout: { good: [null, ...POSITIVE.good], bad: POSITIVE.bad },
  includeDateHeader: FLAG,
  includeServerHeader: FLAG,
  insecureBind: BINDS,
  keepAliveMaxRequests: { good: [0, 1, 1e6], bad: [-1, 0.5, NaN, "1000", null] },
  keepAliveTimeout: SECONDS,
  keyfile: { good: [null, "key.pem", PEM, `\n${PEM}`], bad: ["", 1, {}] },
  keyfilePassword: OPTIONAL_TEXT,
  limitConcurrency: OPTIONAL_COUNT,
  logJson: FLAG,
  logconfig: PATH,
  logconfigDict: { good: [null, { version: 1 }], bad: ["x", [], 1, true] },
  loggerClass: { good: [null, class {}], bad: ["Logger", {}, 1] },
  loglevel: {
    good: ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    normal: [["info", "INFO"], ["Warn", "WARNING"], ["fatal", "CRITICAL"]],
    bad: [null, "", "loud", 20, "TRACE"],
  },
  maxAppQueueSize: COUNT,
  maxBodySize: { good: [null, 0, 2 ** 40], bad: [-1, 1.5, "1M", true] },
  maxConnectionAge: { good: [null, ...POSITIVE.good], bad: POSITIVE.bad },
  maxConnections: COUNT,
  maxConnectionsPerClient: COUNT,
  maxMemory: { good: [null, 1, 2 ** 40], bad: [0, -1, 1.5, "1G", true] },
  maxRequests: OPTIONAL_COUNT,
  maxRequestsJitter: { good: [0, 50], bad: [-1, 0.5, NaN, "1", null] },
  maxTargetSize: COUNT,
  pidPath: PATH,
  quicBind: { ...BINDS, bad: [...BINDS.bad, "unix:/tmp/x", ["localhost", "unix:x"]] },
  readTimeout: { good: [null, ...POSITIVE.good], bad: POSITIVE.bad },
  reloadPaths: { good: [[], ["views", "a.html"]], bad: [null, "views", [""], [1], ["a\0b"]] },
  rootPath: {
    good: ["", "/api", "/a/b", "/中"],
    normal: [["/api/", "/api"], ["/", ""], ["/a//", "/a"]],
    bad: [null, "api", "/a b", "/a?b", "/a#b", 1],
  },
  serverNames: {
    good: [[], ["example.com", "example.com:8443", "[::1]:80"]],
    bad: [null, "example.com", [""], ["https://example.com"], ["a/b"], [1], ["a b"], new Array(1)],
  },
  shutdownTimeout: SECONDS,
  sslHandshakeTimeout: { ...POSITIVE, bad: [null, ...POSITIVE.bad] },
  startupTimeout: SECONDS,
  statsdHost: {
    good: [null, "127.0.0.1:8125", "localhost:8125", "[::1]:8125"],
    bad: ["", "localhost", "localhost:0", ":8125", "::1:8125", "localhost:65536", 8125, "unix:1"],
  },
  statsdPrefix: TEXT,
  umask: {
    good: [null, 0, 0o077, 0o777],
    normal: [["0o077", 0o077], ["077", 0o077], ["0", 0]],
    bad: [-1, 0o1000, 1.5, NaN, "63", "0o999", "", "0o1000", "u=rwx", true],
  },
  useReloader: FLAG,
  user: ID,
  verifyFlags: { good: [null, 0], bad: [1, 32, -1, "VERIFY_DEFAULT"] },
  verifyMode: CLIENT_CERTIFICATES,
  websocketMaxMessageSize: COUNT,
  websocketPermessageDeflate: FLAG,
  websocketPingInterval: { good: [null, ...POSITIVE.good], bad: POSITIVE.bad },
  webtransportMaxSessions: { good: [0, 1, 64], bad: [null, -1, 65, 1.5, "8"] },
  webtransportMaxStreams: { good: [1, 100, 1000], bad: [null, 0, 1001, 1.5, "8"] },
  webtransportOrigins: {
    good: [[], ["*"], ["null"], ["https://example.com", "http://localhost:8000"]],
    bad: [null, "*", [""], ["example.com"], ["https://example.com/"], ["https://EXAMPLE.com"], [
      "https://*.example.com",
    ], [1]],
  },
  workerClass: { good: ["asyncio", "uvloop", "trio"], bad: [null, "gevent", "", 1] },
  workerFlags: {
    good: [[], ["--allow-net", "-A"]],
    bad: [null, "-A", ["main.ts"], [""], ["--"], [1]],
  },
  workers: { good: [0, 1, 4, 1024], bad: [-1, 1.5, 1025, NaN, "4", null] },
  wsgiMaxBodySize: { good: [0, 1, 1e9], bad: [-1, 0.5, NaN, "1", null] },
};

for (const { name, snakeName } of OPTIONS) {
  const { good, normal = [], bad } = ROWS[name];
  const pairs = [...good.map((value) => [value, value] as const), ...normal];

  Deno.test(`Config accepts "${name}" in both spellings and gives its normal form`, () => {
    for (const [input, expected] of pairs) {
      assert.deepEqual(new Config({ [name]: input } as ConfigInit)[name], expected);
      assert.deepEqual(Config.fromMapping({ [snakeName]: input })[name], expected);
    }
  });

  Deno.test(`Config refuses wrong values of "${name}", naming key, expected and received`, () => {
    for (const value of bad) {
      assert.throws(() => Config.fromMapping({ [snakeName]: value }), (error) => {
        assert.ok(error instanceof ConfigError, `${error}`);
        assert.equal(error.key.replace(/\[\d+\]$/, ""), snakeName);
        assert.notEqual(error.expected, "");
        assert.notEqual(error.received, "");
        return true;
      });
    }
  });

  Deno.test(`resolveConfig() refuses wrong values assigned to "${name}"`, () => {
    for (const value of bad) {
      const config = new Config();
      Object.assign(config, { [name]: value });
      assert.throws(() => resolveConfig(config), ConfigError);
    }
  });
}

Deno.test("OPTIONS and the attributes of Config are the same names", () => {
  assert.deepEqual(Object.keys(new Config()).sort(), OPTIONS.map(({ name }) => name).sort());
});

Deno.test("OPTIONS give snake_case names as Hypercorn writes them", () => {
  const names = ["h11_max_incomplete_size", "ca_certs", "accesslog", "h2_max_header_list_size"];
  for (const name of names) assert.equal(findOption(name)?.snakeName, name);
  assert.equal(findOption("__proto__"), undefined);
  assert.equal(findOption("constructor"), undefined);
});

Deno.test("OPTIONS have defaults that they accept", () => {
  for (const option of OPTIONS) {
    assert.deepEqual(option.kind.read(option.default, option.name), option.default);
  }
});

Deno.test("Config documents the default of every attribute as it is", async () => {
  const source = await Deno.readTextFile(new URL("../../src/config/config.ts", import.meta.url));
  for (const { name, default: value } of OPTIONS) {
    const comment = source.split(`\n  ${name}!: `)[0]?.split("/**").at(-1) ?? "";
    const documented = /Default `(.*)`\./.exec(comment)?.[1];
    assert.equal(documented, JSON.stringify(value), name);
  }
});

Deno.test("Config documents which attributes do nothing, or not everywhere", async () => {
  const source = await Deno.readTextFile(new URL("../../src/config/config.ts", import.meta.url));
  for (const { name, effect } of OPTIONS) {
    const comment = source.split(`\n  ${name}!: `)[0]?.split("/**").at(-1) ?? "";
    const words = /guarded TCP|ignored|HTTP\/3 only|Refused|Old name/.exec(comment)?.[0];
    const expected = effect === "now"
      ? undefined
      : effect === "guarded"
      ? "guarded TCP"
      : "ignored" in effect
      ? "ignored"
      : "http3Only" in effect
      ? "HTTP/3 only"
      : name === "certReqs"
      ? "Old name"
      : "Refused";
    assert.equal(words, expected, name);
  }
});
