import { parse } from "@std/toml";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatConfig } from "../../src/cli/print_config.ts";
import { Config, type ConfigInit, resolveConfig } from "../../src/config/mod.ts";

/** A configuration that was written and read again. */
function roundTrip(init: ConfigInit) {
  return resolveConfig(Config.fromMapping(parse(formatConfig(resolveConfig(init)))));
}

const ROWS: readonly { readonly name: string; readonly init: ConfigInit }[] = [
  { name: "the defaults", init: {} },
  {
    name: "addresses of all kinds",
    init: {
      bind: ["127.0.0.1:8443", "[::1]:0"],
      insecureBind: ["unix:/tmp/a b.sock"],
      quicBind: ["127.0.0.1:8443"],
      adminBind: ["localhost:9000"],
      devCertificate: true,
    },
  },
  {
    name: "every kind of value",
    init: {
      applicationPath: "asgi:main.ts:app",
      gracefulTimeout: 1.5,
      maxMemory: 2 ** 40,
      umask: 0o077,
      bind: "unix:/tmp/a.sock",
      serverNames: ["example.com:8443"],
      includeServerHeader: false,
      logconfigDict: { version: 1, "odd key": [1, "two"], nested: { deep: true } },
    },
  },
  { name: "logs that are off", init: { errorlog: null, accesslog: null } },
];
for (const { name, init } of ROWS) {
  Deno.test(`formatConfig() writes ${name} as --config reads it`, () => {
    const twice = roundTrip(init);
    // The tables of a parser have no prototype, which makes no difference but to `deepEqual`.
    assert.deepEqual(structuredClone(twice), structuredClone(resolveConfig(init)));
    assert.deepEqual(formatConfig(twice), formatConfig(resolveConfig(init)));
  });
}

Deno.test("formatConfig() writes any text as --config reads it", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (accessLogFormat) => {
    assert.equal(roundTrip({ accessLogFormat }).accessLogFormat, accessLogFormat);
  }));
  assert.equal(roundTrip({ accessLogFormat: '\x7f\x00\\"\n' }).accessLogFormat, '\x7f\x00\\"\n');
});

Deno.test("formatConfig() shows no secret", () => {
  const text = formatConfig(resolveConfig({
    certfile: "cert.pem",
    keyfile: "-----BEGIN PRIVATE KEY-----\nhidden",
    keyfilePassword: "hidden",
  }));
  assert.doesNotMatch(text, /hidden/);
  assert.match(text, /^# keyfile is set and not shown$/m);
  assert.match(text, /^# keyfile_password is set and not shown$/m);
  assert.match(text, /^certfile = "cert\.pem"$/m);
});

Deno.test("formatConfig() says what TOML cannot hold", () => {
  const text = formatConfig(resolveConfig({
    errorlog: console,
    loggerClass: class {
      debug() {}
      info() {}
      warn() {}
      error() {}
    },
    logconfigDict: { handler: () => {} },
  }));
  for (const name of ["errorlog", "logger_class", "logconfig_dict"]) {
    assert.match(text, new RegExp(`^# ${name} is set and cannot be written$`, "m"));
  }
  assert.match(text, /^# pid_path is not set$/m);
});
