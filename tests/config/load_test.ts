import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { Config, resolveConfig } from "../../src/config/mod.ts";
import { ConfigError } from "../../src/errors.ts";

/** Runs `use` with the path of a temporary file of this name and content. */
async function withFile(name: string, content: string, use: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "hypercorn config %20#" });
  try {
    const path = `${folder}/${name}`;
    await Deno.writeTextFile(path, content);
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function catchError(promise: Promise<unknown>): Promise<ConfigError> {
  const error = await promise.then(() => assert.fail("Nothing was thrown"), (error) => error);
  assert.ok(error instanceof ConfigError, `${error}`);
  return error;
}

/** As a user of Hypercorn would have it, from its documentation's options. */
const HYPERCORN_TOML = `
# Development settings
bind = ["127.0.0.1:8443", "[::1]:8443"]
insecure_bind = "unix:/tmp/hypercorn.sock"
certfile = "cert.pem"
keyfile = "key.pem"
accesslog = "-"
errorlog = "-"
loglevel = "warning"
access_log_format = '%(h)s %(r)s'
graceful_timeout = 5
keep_alive_timeout = 2.5
include_server_header = false
root_path = "/app/"
server_names = ["localhost:8443", "example.com"]
umask = 0o077
user = 1000
group = 1000
workers = 2
worker_class = "uvloop"
h2_max_concurrent_streams = 50
websocket_max_message_size = 1_048_576

[logconfig_dict]
version = 1
`;

Deno.test("Config.fromToml() reads a Hypercorn file unchanged", async () => {
  await withFile("hypercorn.toml", HYPERCORN_TOML, async (path) => {
    const config = await Config.fromToml(path);
    assert.deepEqual(config.bind, ["127.0.0.1:8443", "[::1]:8443"]);
    assert.deepEqual(config.insecureBind, ["unix:/tmp/hypercorn.sock"]);
    assert.equal(config.certfile, "cert.pem", "relative to the working directory");
    assert.equal(config.loglevel, "WARNING");
    assert.equal(config.keepAliveTimeout, 2.5);
    assert.equal(config.includeServerHeader, false);
    assert.equal(config.rootPath, "/app");
    assert.equal(config.umask, 0o077);
    assert.equal(config.websocketMaxMessageSize, 1048576);
    assert.equal(config.logconfigDict?.["version"], 1);
    assert.equal(config.backlog, 100, "a default");
    assert.equal(resolveConfig(config).tlsEnabled, true);
  });
});

const TOML_FORMS: [name: string, text: string][] = [
  ["options at the top", 'bind = "localhost:1"\nbacklog = 7\n'],
  ["a [hypercorn] table", '[hypercorn]\nbind = "localhost:1"\nbacklog = 7\n'],
  ["both", 'bind = "localhost:1"\n[hypercorn]\nbacklog = 7\n'],
  ["a byte order mark", '\uFEFFbind = "localhost:1"\r\nbacklog = 7\r\n'],
];

for (const [name, text] of TOML_FORMS) {
  Deno.test(`Config.fromToml() reads ${name}`, async () => {
    await withFile("a.toml", text, async (path) => {
      const { bind, backlog } = await Config.fromToml(path);
      assert.deepEqual([bind, backlog], [["localhost:1"], 7]);
    });
  });
}

const TOML_REFUSED: [name: string, text: string, key: string, part: string][] = [
  ["an unknown option", "wrokers = 1", "wrokers", 'Did you mean "workers"?'],
  ["an unknown table", "[server]\nport = 1", "server", "an unknown name in"],
  ["an unknown option in the table", "[hypercorn]\nbnd = 1", "bnd", 'Did you mean "bind"?'],
  ["a table within the table", "[hypercorn.hypercorn]", "hypercorn", "an unknown name in"],
  ["no table called hypercorn", "hypercorn = 1", "hypercorn", "an unknown name in"],
  ["an option twice", "workers = 1\n[hypercorn]\nworkers = 2", "workers", "in [hypercorn]"],
  ["both spellings in two places", "pid_path = 'a'\n[hypercorn]\npidPath = 'b'", "pidPath", "once"],
  ["a bare port", 'bind = "8111"', "bind", 'Write "127.0.0.1:8111"'],
  ["a date", "keyfile = 2026-11-22", "keyfile", "received a date"],
  ["infinity", "startup_timeout = inf", "startup_timeout", "received Infinity"],
];

for (const [name, text, key, part] of TOML_REFUSED) {
  Deno.test(`Config.fromToml() refuses ${name}, naming key and file`, async () => {
    await withFile("a.toml", text, async (path) => {
      const error = await catchError(Config.fromToml(path));
      assert.equal(error.key, key);
      assert.ok(error.message.includes(part), error.message);
      assert.ok(error.message.includes(`in "${path}"`), error.message);
    });
  });
}

Deno.test("Config.fromToml() reports a syntax error with file, line, column and cause", async () => {
  await withFile("a.toml", 'keyfile_password = "pw"\nbacklog = = 1\n', async (path) => {
    const error = await catchError(Config.fromToml(path));
    assert.equal(error.key, "config");
    assert.ok(error.message.includes(`"${path}": Parse error on line 2, column `), error.message);
    assert.ok(!error.message.includes("pw"), "other lines may be secret");
    assert.ok(error.cause instanceof Error);
  });
});

Deno.test("Config.fromJson() reads an object in either spelling", async () => {
  const text = '{ "bind": "localhost:1", "keep_alive_timeout": 1, "readTimeout": null }';
  await withFile("a.json", text, async (path) => {
    const config = await Config.fromJson(path);
    assert.deepEqual(config.bind, ["localhost:1"]);
    assert.equal(config.keepAliveTimeout, 1);
    assert.equal(config.readTimeout, null);
  });
});

Deno.test("Config.fromJson() reads a file that begins with a byte order mark", async () => {
  await withFile("a.json", '\uFEFF{ "backlog": 7 }', async (path) => {
    assert.equal((await Config.fromJson(path)).backlog, 7);
  });
});

const JSON_REFUSED: [name: string, text: string, key: string, part: string][] = [
  ["text that is not JSON", "{", "config", "expected a file in JSON syntax"],
  ["an empty file", "", "config", "expected a file in JSON syntax"],
  ["a list", "[]", "config", "received [] in"],
  ["null", "null", "config", "received null in"],
  ["null for an option without it", '{"backlog":null}', "backlog", "received null in"],
  ["__proto__", '{"__proto__":{"backlog":1}}', "__proto__", "an unknown name in"],
];

for (const [name, text, key, part] of JSON_REFUSED) {
  Deno.test(`Config.fromJson() refuses ${name}, naming the file`, async () => {
    await withFile("a.json", text, async (path) => {
      const error = await catchError(Config.fromJson(path));
      assert.equal(error.key, key);
      assert.ok(error.message.includes(part), error.message);
      assert.ok(error.message.includes(path), error.message);
    });
  });
}

const CONFIG_MODULE = new URL("../../src/config/mod.ts", import.meta.url).href;

const MODULES: [name: string, text: string][] = [
  ["a default export", "export default { bind: 'localhost:1', backlog: 7 };"],
  [
    "a default export and its helpers",
    "export const x = 1; export default { bind: 'localhost:1', backlog: 7 };",
  ],
  ["named exports", "export const bind = 'localhost:1', backlog = 7;"],
  [
    "named exports, functions and private names",
    "export const bind = 'localhost:1', _x = 1, backlog = 7; export function f() {} export class C {}",
  ],
  [
    "a Config",
    `import { Config } from "${CONFIG_MODULE}"; export default new Config({ bind: 'localhost:1', backlog: 7 });`,
  ],
];

for (const [name, text] of MODULES) {
  Deno.test(`Config.fromModule() reads ${name}, by path and by URL`, async () => {
    await withFile("conf.ts", text, async (path) => {
      for (const specifier of [path, pathToFileURL(path), pathToFileURL(path).href]) {
        const config = await Config.fromModule(specifier);
        assert.deepEqual([config.bind, config.backlog], [["localhost:1"], 7]);
      }
    });
  });
}

Deno.test("Config.fromModule() keeps functions that are options", async () => {
  await withFile("conf.ts", "export class loggerClass {}", async (path) => {
    assert.equal(typeof (await Config.fromModule(path)).loggerClass, "function");
  });
});

Deno.test("Config.fromModule() takes other specifiers than files", async () => {
  const config = await Config.fromModule("data:text/javascript,export const backlog = 7;");
  assert.equal(config.backlog, 7);
});

const MODULES_REFUSED: [name: string, text: string, key: string, part: string][] = [
  ["an unknown named export", "export const wrokers = 1;", "wrokers", 'Did you mean "workers"?'],
  ["a private name in the default", "export default { _x: 1 };", "_x", "an unknown name"],
  ["a function in the default", "export default { f() {} };", "f", "an unknown name"],
  ["a default that is a function", "export default () => {};", "config", "received a function"],
  [
    "a default that is a promise",
    "export default (async () => {})();",
    "config",
    "Await the promise",
  ],
  ["a module that throws", "throw new Error('broken');", "config", "broken"],
  ["a syntax error", "export const = 1;", "config", "a module that loads"],
  ["a missing dependency", "import './absent.ts';", "config", "a module that loads"],
];

for (const [name, text, key, part] of MODULES_REFUSED) {
  Deno.test(`Config.fromModule() refuses ${name}, naming the file`, async () => {
    await withFile("conf.ts", text, async (path) => {
      const error = await catchError(Config.fromModule(path));
      assert.equal(error.key, key);
      assert.ok(error.message.includes(part), error.message);
      assert.ok(error.message.includes("conf.ts"), error.message);
    });
  });
}

const BY_EXTENSION: [name: string, text: string][] = [
  ["a.toml", "backlog = 7"],
  ["a.TOML", "backlog = 7"],
  ["a.json", '{"backlog":7}'],
  ["a.ts", "export const backlog: number = 7;"],
  ["a.js", "export const backlog = 7;"],
  ["a.mjs", "export const backlog = 7;"],
];

for (const [name, text] of BY_EXTENSION) {
  Deno.test(`Config.fromFile() reads ${name} by path and by URL`, async () => {
    await withFile(name, text, async (path) => {
      assert.equal((await Config.fromFile(path)).backlog, 7);
      assert.equal((await Config.fromFile(pathToFileURL(path))).backlog, 7);
    });
  });
}

for (const path of ["hypercorn.ini", "hypercorn", "", ".toml/x", "a.b/c"]) {
  Deno.test(`Config.fromFile() refuses "${path}", naming the extensions`, async () => {
    const error = await catchError(Config.fromFile(path));
    assert.equal(error.key, "config");
    assert.equal(error.expected, "a file named *.toml, *.json, *.ts, *.js or *.mjs");
    assert.equal(error.received, JSON.stringify(path));
  });
}

for (const name of ["absent.toml", "absent.json", "absent.ts"]) {
  Deno.test(`Config.fromFile() names the missing file "${name}" and what to do`, async () => {
    const path = `no such folder/${name}`;
    const error = await catchError(Config.fromFile(path));
    assert.equal(
      error.message,
      `Cannot use option "config": expected the path of a readable file, received "${path}": ` +
        "it does not exist. Check the path, which is relative to the working directory, " +
        "or create the file",
    );
    assert.ok(error.cause instanceof Deno.errors.NotFound);
  });
}

Deno.test("Config.fromToml() refuses a folder and a URL that is no file", async () => {
  await withFile("x", "", async (path) => {
    const error = await catchError(Config.fromToml(path.replace(/x$/, "")));
    assert.equal(error.key, "config");
  });
  const error = await catchError(Config.fromToml(new URL("https://example.com/a.toml")));
  assert.match(error.received, /^"https:\/\/example\.com\/a\.toml": /);
});

for (const name of ["hypercorn.toml", "hypercorn.ts"]) {
  Deno.test({
    name: `Config.fromFile() names the permission it lacks for "${name}"`,
    permissions: { read: false },
    fn: async () => {
      const error = await catchError(Config.fromFile(`/${name}`));
      assert.match(
        error.message,
        new RegExp(`no permission\\. Run Deno with --allow-read=/${name}$`),
      );
    },
  });
}
