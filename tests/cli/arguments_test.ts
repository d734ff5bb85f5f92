import assert from "node:assert/strict";
import { type Invocation, parseArguments } from "../../src/cli/arguments.ts";
import { FLAGS } from "../../src/cli/flags.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

/** Arguments, the option that they set, and its value. */
type Row = readonly [args: string, option: string, value: unknown];

const OPTION_ROWS: readonly Row[] = [
  ["--access-log=a.log", "accesslog", "a.log"],
  ["--access-logfile -", "accesslog", "-"],
  ["--access-logformat=%(h)s", "accessLogFormat", "%(h)s"],
  ["--admin-bind 127.0.0.1:9000", "adminBind", ["127.0.0.1:9000"]],
  ["--backlog 200", "backlog", 200],
  ["--bind 127.0.0.1:8080", "bind", ["127.0.0.1:8080"]],
  ["--bind a:1 --bind b:2", "bind", ["a:1", "b:2"]],
  ["-b a:1 -bb:2", "bind", ["a:1", "b:2"]],
  ["--ca-certs ca.pem", "caCerts", "ca.pem"],
  ["--certfile cert.pem", "certfile", "cert.pem"],
  ["--cert-reqs 2", "certReqs", 2],
  ["--ciphers ECDHE", "ciphers", "ECDHE"],
  ["-D", "daemon", true],
  ["--daemon", "daemon", true],
  ["--debug", "debug", true],
  ["--dev-certificate", "devCertificate", true],
  ["--error-log e.log", "errorlog", "e.log"],
  ["--error-logfile e.log", "errorlog", "e.log"],
  ["--log-file -", "errorlog", "-"],
  ["--graceful-timeout 10", "gracefulTimeout", 10],
  ["--graceful-timeout 1.5", "gracefulTimeout", 1.5],
  ["--group 33", "group", 33],
  ["-g33", "group", 33],
  ["--insecure-bind a:1 --insecure-bind b:2", "insecureBind", ["a:1", "b:2"]],
  ["--keep-alive .5", "keepAliveTimeout", 0.5],
  ["--keep-alive -5", "keepAliveTimeout", -5], // a number, which the option refuses
  ["--keyfile key.pem", "keyfile", "key.pem"],
  ["--keyfile-password secret", "keyfilePassword", "secret"],
  ["--log-config log.toml", "logconfig", "log.toml"],
  ["--log-json", "logJson", true],
  ["--log-level debug", "loglevel", "debug"],
  ["--max-memory 1048576", "maxMemory", 1048576],
  ["--max-memory 512K", "maxMemory", 512 * 1024],
  ["--max-memory 512M", "maxMemory", 512 * 1024 ** 2],
  ["--max-memory 2g", "maxMemory", 2 * 1024 ** 3],
  ["--max-memory 64MiB", "maxMemory", 64 * 1024 ** 2],
  ["--max-requests 1000", "maxRequests", 1000],
  ["--max-requests-jitter 50", "maxRequestsJitter", 50],
  ["--pid server.pid", "pidPath", "server.pid"],
  ["-p server.pid", "pidPath", "server.pid"],
  ["--quic-bind a:1 --quic-bind b:2", "quicBind", ["a:1", "b:2"]],
  ["--read-timeout 2.25", "readTimeout", 2.25],
  ["--reload", "useReloader", true],
  ["--reload-path a --reload-path b", "reloadPaths", ["a", "b"]],
  ["--root-path /api", "rootPath", "/api"],
  ["--root-path=", "rootPath", ""],
  ["--server-name a --server-name b:8443", "serverNames", ["a", "b:8443"]],
  ["--statsd-host 127.0.0.1:8125", "statsdHost", "127.0.0.1:8125"],
  ["--statsd-prefix web", "statsdPrefix", "web"],
  ["--umask 0o022", "umask", "0o022"],
  ["--umask 022", "umask", "022"],
  ["-m 63", "umask", 63],
  ["--user 1000", "user", 1000],
  ["-u 1000", "user", 1000],
  ["--verify-mode CERT_REQUIRED", "verifyMode", "CERT_REQUIRED"],
  ["--websocket-ping-interval 20", "websocketPingInterval", 20],
  ["--worker-class uvloop", "workerClass", "uvloop"],
  ["-k trio", "workerClass", "trio"],
  ["--worker-flag --allow-net --worker-flag -q", "workerFlags", ["--allow-net", "-q"]],
  ["--worker-flag=--v8-flags=--expose-gc", "workerFlags", ["--v8-flags=--expose-gc"]],
  ["--workers 4", "workers", 4],
  ["-w 4", "workers", 4],
  ["-w4", "workers", 4],
  ["--workers 2 --workers 3", "workers", 3], // the last wins
];
for (const [args, option, value] of OPTION_ROWS) {
  Deno.test(`parseArguments() reads ${args} as ${option}`, () => {
    const { options, application, commands } = parse(args);
    assert.deepEqual(options, { [option]: value });
    assert.equal(application, null);
    assert.equal(commands.size, 0);
  });
}

const COMMAND_ROWS = [
  { args: "--help", command: "help", value: "true" },
  { args: "-h", command: "help", value: "true" },
  { args: "--version", command: "version", value: "true" },
  { args: "--print-config", command: "print-config", value: "true" },
  { args: "--factory", command: "factory", value: "true" },
  { args: "--config a.toml", command: "config", value: "a.toml" },
  { args: "-c a.toml -c ts:b.ts", command: "config", value: "ts:b.ts" },
];
for (const { args, command, value } of COMMAND_ROWS) {
  Deno.test(`parseArguments() reads ${args} as ${command}`, () => {
    const { options, commands } = parse(args);
    assert.deepEqual([...commands], [[command, value]]);
    assert.deepEqual(options, {});
  });
}

Deno.test("the tables above have every flag, in its long and its short form", () => {
  const all = [...OPTION_ROWS.map(([args]) => args), ...COMMAND_ROWS.map(({ args }) => args)];
  const used = new Set(
    all.flatMap((args) => args.match(/(?:^|\s)--?[a-zA-Z-]+/g) ?? [])
      .map((flag) => flag.trim()),
  );
  const names = FLAGS.flatMap(({ name, short }) => [`--${name}`, ...short ? [`-${short}`] : []]);
  assert.deepEqual(names.filter((name) => !used.has(name)), []);
  assert.equal(new Set(names).size, names.length, "a name is taken twice");
});

Deno.test("parseArguments() takes the application from any place", () => {
  for (
    const args of ["main.ts -w 2 --reload", "-w 2 main.ts --reload", "-w2 --reload -- main.ts"]
  ) {
    const { application, options } = parse(args);
    assert.equal(application, "main.ts");
    assert.deepEqual(options, { workers: 2, useReloader: true });
  }
  assert.equal(parse("-- --odd.ts").application, "--odd.ts");
});

const SHORTENED = [
  { args: "--grace 3", option: "gracefulTimeout" },
  { args: "--grace=3", option: "gracefulTimeout" },
  { args: "--workers 3", option: "workers" },
  { args: "--max-requests 3", option: "maxRequests" }, // also the beginning of another
];
for (const { args, option } of SHORTENED) {
  Deno.test(`parseArguments() completes ${args}`, () => {
    assert.deepEqual(parse(args).options, { [option]: 3 });
  });
}

Deno.test("parseArguments() completes several names, each with its value", () => {
  const { options, application } = parse("--back 5 main.ts --reload --qu a:1 --grace 1");
  assert.equal(application, "main.ts");
  assert.deepEqual(options, {
    backlog: 5,
    quicBind: ["a:1"],
    gracefulTimeout: 1,
    useReloader: true,
  });
});

const REFUSED = [
  {
    args: "--wokers 2",
    says: /^Unknown option "--wokers"\. Did you mean "--workers"\?$/,
    flag: "--wokers",
  },
  {
    args: "--no-reload",
    says: /^Unknown option "--no-reload"\. Did you mean "--reload"\?$/,
    flag: "--no-reload",
  },
  {
    args: "--port 80",
    says: /^Unknown option "--port"\. Did you mean "--bind"\?$/,
    flag: "--port",
  },
  { args: "--host=::", says: /"--host"\. Did you mean "--bind"\?$/, flag: "--host" },
  { args: "--watch", says: /"--watch"\. Did you mean "--reload"\?$/, flag: "--watch" },
  {
    args: "--b a:1",
    says: /^Cannot tell which option "--b" is: it could be "--bind" or "--backlog"$/,
    flag: "--b",
  },
  { args: "--elephants", says: /^Unknown option "--elephants"$/, flag: "--elephants" },
  { args: "-x", says: /^Unknown option "-x"/, flag: "-x" },
  {
    args: "--log",
    says:
      /^Cannot tell which option "--log" is: it could be "--log-file", "--log-level", "--log-config" or "--log-json"$/,
    flag: "--log",
  },
  {
    args: "--work 3",
    says: /could be "--workers", "--worker-flag" or "--worker-class"$/,
    flag: "--work",
  },
  {
    args: "--bind",
    says: /^Option "--bind" needs a value: write "--bind=ADDRESS"$/,
    flag: "--bind",
  },
  { args: "-b", says: /^Option "-b" needs a value: write "-b ADDRESS"$/, flag: "-b" },
  { args: "--bind --reload", says: /^Option "--bind" needs a value/, flag: "--bind" },
  { args: "--pid -p", says: /^Option "--pid" needs a value/, flag: "--pid" },
  {
    args: "--reload=yes",
    says: /^Option "--reload" takes no value, received "yes"$/,
    flag: "--reload",
  },
  {
    args: "--workers two",
    says: /"--workers": expected an integer, received "two"$/,
    flag: "--workers",
  },
  { args: "-w 1.5", says: /"-w": expected an integer, received "1\.5"$/, flag: "-w" },
  {
    args: "--keep-alive 5s",
    says: /expected a number of seconds, received "5s"$/,
    flag: "--keep-alive",
  },
  {
    args: "--keep-alive .",
    says: /expected a number of seconds, received "\."$/,
    flag: "--keep-alive",
  },
  {
    args: "--umask 0x12",
    says: /expected file mode bits such as "0o077", received "0x12"$/,
    flag: "--umask",
  },
  { args: "--umask 089", says: /expected file mode bits/, flag: "--umask" },
  { args: "--max-memory 1.5G", says: /"512M", received "1\.5G"$/, flag: "--max-memory" },
  {
    args: "main.ts other.ts",
    says: /^Cannot serve "other\.ts" as well: .*"main\.ts" already/,
    flag: undefined,
  },
];
for (const { args, says, flag } of REFUSED) {
  Deno.test(`parseArguments() refuses ${args}`, () => {
    const error = refusal(args);
    assert.match(error.message, says);
    assert.equal(error.flag, flag);
  });
}

const WARNED = [
  { args: "--access-log a.log", warning: "--access-log is deprecated: use --access-logfile" },
  { args: "--error-log a.log", warning: "--error-log is deprecated: use --error-logfile" },
  { args: "-D", warning: /^-D has no effect/ },
  { args: "-m 22", warning: "-m 22 is decimal, 0o026 in octal: write a leading zero for octal" },
];
for (const { args, warning } of WARNED) {
  Deno.test(`parseArguments() warns about ${args}`, () => {
    const [text, ...others] = parse(args).warnings;
    assert.equal(others.length, 0);
    if (typeof warning === "string") assert.equal(text, warning);
    else assert.match(text ?? "", warning);
  });
}

Deno.test("parseArguments() has nothing to warn about in common arguments", () => {
  assert.deepEqual(parse("main.ts -w 2 -m 077 --access-logfile - --reload").warnings, []);
});

Deno.test("parseArguments() remembers the flag that set an option", () => {
  const { flagOf } = parse("-w 2 --log-file a --keep 3");
  assert.deepEqual(Object.fromEntries(flagOf), {
    workers: "--workers",
    errorlog: "--log-file",
    keepAliveTimeout: "--keep-alive",
  });
});

function parse(args: string): Invocation {
  return parseArguments(args.split(" "));
}

function refusal(args: string): UsageError {
  try {
    parse(args);
  } catch (error) {
    assert(error instanceof UsageError, `${error}`);
    return error;
  }
  assert.fail("Nothing was thrown");
}
