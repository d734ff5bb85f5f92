import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { settle, type Settled } from "../../src/cli/settle.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { ConfigError } from "../../src/errors.ts";

const FILES: Readonly<Record<string, string>> = {
  "all.toml": `
    bind = ["127.0.0.1:1", "127.0.0.1:2"]
    server_names = ["file"]
    statsd_prefix = "file"
    max_requests = 10
    max_requests_jitter = 1
    graceful_timeout = 9
    application_path = "file.ts:app"`,
  "hypercorn.conf": `backlog = 7`,
  "options.json": `{ "backlog": 7 }`,
  "options.txt": `{ "backlog": 7 }`,
  "options.ts": `export default { backlog: 7 };`,
  "wrong.toml": `workers = "four"`,
  "together.toml": `quic_bind = "127.0.0.1:1"`,
  "reload.toml": `use_reloader = true\nworkers = 0`,
  "options.py": `backlog = 7`,
};

const folder = await Deno.makeTempDir({ prefix: "hypercorn settle %20#" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
for (const [name, content] of Object.entries(FILES)) {
  await Deno.writeTextFile(`${folder}/${name}`, content);
}

/** What arguments, split at blanks, mean; `@` stands for the folder of the files. */
async function settled(args: string): Promise<Settled> {
  const words = args.split(" ").map((word) => word.replace("@", folder));
  return await settle(parseArguments(words));
}

const ALL = "--config @/all.toml";

Deno.test("settle() lets flags win over the file, and the file over the defaults", async () => {
  const { config } = await settled(`${ALL} --graceful-timeout 2`);
  assert.deepEqual(
    [config.gracefulTimeout, config.maxRequests, config.keepAliveTimeout],
    [2, 10, 5],
  );
});

Deno.test("settle() replaces lists as a whole", async () => {
  const { config } = await settled(`${ALL} -b 127.0.0.1:3`);
  assert.deepEqual(config.bind.map(({ text }) => text), ["127.0.0.1:3"]);
  assert.deepEqual(config.serverNames, ["file"]);
});

Deno.test("settle() keeps what the file says where Hypercorn's flags overwrite it", async () => {
  const { config } = await settled(`${ALL} --max-requests-jitter 5`);
  assert.equal(config.maxRequests, 10);
  assert.equal(config.maxRequestsJitter, 5);
  assert.equal(config.statsdPrefix, "file");
});

Deno.test("settle() takes the application from the file unless one is named", async () => {
  assert.equal((await settled(ALL)).job.application, "file.ts:app");
  assert.equal((await settled(`${ALL} main.ts`)).job.application, "main.ts");
  assert.equal((await settled(`${ALL} main.ts`)).config.applicationPath, "main.ts");
  assert.equal((await settled("--workers 2")).job.application, "");
});

Deno.test("settle() makes a job that is plain JSON", async () => {
  const { job } = await settled(`${ALL} asgi:main.ts -w 2 -b a:1 --factory -m 077`);
  assert.deepEqual(JSON.parse(JSON.stringify(job)), {
    application: "asgi:main.ts",
    factory: true,
    config: `${folder}/all.toml`,
    options: { workers: 2, bind: ["a:1"], umask: "077", applicationPath: "asgi:main.ts" },
  });
});

const FORMS = [
  "@/hypercorn.conf",
  "toml:@/hypercorn.conf",
  "@/options.json",
  "json:@/options.txt",
  "@/options.ts",
  "ts:@/options.ts",
  "file:@/options.ts",
  "ts:data:text/javascript,export%20const%20backlog=7",
];
for (const form of FORMS) {
  Deno.test(`settle() reads --config ${form}`, async () => {
    assert.equal((await settled(`-c ${form}`)).config.backlog, 7);
  });
}

const WRONG_VALUES = [
  {
    args: "--workers -1",
    says: /option "--workers": expected an integer from 0 to 1024, received -1$/,
  },
  { args: "-w 5000", says: /option "--workers": .* received 5000$/ },
  { args: "--bind 8000", says: /option "--bind": .* received "8000"/ },
  { args: "-b a:1 --bind [::1", says: /option "--bind": .*"\[::1"/ },
  { args: "--ca-certs ca.pem", says: /option "--ca-certs": .*cannot ask for client certificates/ },
  { args: "--verify-mode CERT_REQUIRED", says: /option "--verify-mode": expected the default/ },
  { args: "--verify-mode NONE", says: /option "--verify-mode": expected "CERT_NONE", "CERT_OPT/ },
  { args: "--cert-reqs 2", says: /option "--cert-reqs": .*cannot ask for client certificates/ },
  { args: "--ciphers RC4", says: /option "--ciphers": .*cipher suites are fixed/ },
  { args: "--log-level loud", says: /option "--log-level": expected "DEBUG", .* received "loud"$/ },
  { args: "--worker-class gevent", says: /option "--worker-class": .*"gevent"$/ },
  { args: "--umask 0o1777", says: /option "--umask": expected file mode bits from 0 to 0o777/ },
  { args: "--worker-flag allow-net", says: /option "--worker-flag": .*"--allow-net", received/ },
  { args: "--max-memory 0", says: /option "--max-memory": expected an integer of at least 1/ },
  { args: "--quic-bind a:1", says: /option "--quic-bind": expected "certfile" and "keyfile"/ },
  { args: "--certfile a.pem", says: /option "--certfile": expected "keyfile" beside it/ },
  { args: "-b a:1 --admin-bind a:1", says: /option "--admin-bind": .*bound once/ },
  { args: "-w 0 --reload", says: /option "--reload": .*Cannot reload without workers/ },
  { args: "-c @/nothing.toml -w -1", says: /option "--workers"/ },
];
for (const { args, says } of WRONG_VALUES) {
  Deno.test(`settle() lays ${args} to the flag`, async () => {
    const error = await refusal(args);
    assert(error instanceof UsageError, `${error}`);
    assert.match(error.message, says);
  });
}

const WRONG_FILES = [
  { args: "-c @/wrong.toml", says: /option "workers": .* received "four" in ".*\/wrong\.toml"$/ },
  { args: "-c @/together.toml", says: /option "quicBind": .* received .* in ".*\/together\.toml"/ },
  { args: "-c @/reload.toml", says: /option "useReloader": .* in ".*\/reload\.toml"\. Cannot/ },
  { args: "-c @/nothing.toml", says: /option "config": .*nothing\.toml": it does not exist/ },
  { args: "-c json:@/all.toml", says: /option "config": expected a file in JSON syntax/ },
  { args: "-c @/options.py", says: /option "config": .* Python cannot be read: .* ts:PATH/ },
  { args: "-c python:my.config", says: /option "config": .* Python cannot be read/ },
];
for (const { args, says } of WRONG_FILES) {
  Deno.test(`settle() lays ${args} to the file`, async () => {
    const error = await refusal(args);
    assert(error instanceof ConfigError, `${error}`);
    assert.match(error.message, says);
  });
}

Deno.test("settle() shows no password in an error", async () => {
  const error = await refusal("--keyfile-password hidden");
  assert.match(error.message, /"--keyfile-password"/);
  assert.doesNotMatch(error.message, /hidden/);
});

async function refusal(args: string): Promise<Error> {
  try {
    await settled(args);
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  assert.fail("Nothing was thrown");
}
