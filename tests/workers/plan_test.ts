import assert from "node:assert/strict";
import { type ConfigInit, resolveConfig } from "../../src/config/mod.ts";
import { noticesOf, planOf, refuseTakenAddresses } from "../../src/workers/plan.ts";
import { withProjectConfig } from "../../src/workers/project_config.ts";

const PLANS: { what: string; config: ConfigInit; plan: { workers: number; exclusive: boolean } }[] =
  [
    {
      what: "ports, which workers share",
      config: { workers: 4 },
      plan: { workers: 4, exclusive: false },
    },
    {
      what: "a Unix socket, which they cannot",
      config: { bind: "unix:/run/a.sock" },
      plan: { workers: 1, exclusive: true },
    },
    {
      what: "a file without workers, read anew",
      config: { workers: 0 },
      plan: { workers: 1, exclusive: false },
    },
  ];
for (const { what, config, plan } of PLANS) {
  Deno.test({
    name: `planOf() knows ${what}`,
    ignore: Deno.build.os === "windows",
    fn() {
      const { workers, exclusive } = planOf(resolveConfig(config));
      assert.deepEqual({ workers, exclusive }, plan);
    },
  });
}

Deno.test("planOf() refuses several workers on a Unix socket", () => {
  const config = resolveConfig({ bind: ["127.0.0.1:0", "unix:/run/a.sock"], workers: 2 });
  assert.throws(() => planOf(config), {
    name: "ConfigError",
    message: 'Cannot use option "workers": expected 1 or 0 beside the bind "unix:/run/a.sock", ' +
      "received 2. Processes cannot share a Unix socket on Deno: bind a port of 127.0.0.1, which they share",
  });
});

Deno.test("refuseTakenAddresses() refuses a port that is taken, although its owner would share it", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort: true });
  const bind = `127.0.0.1:${listener.addr.port}`;
  assert.throws(() => refuseTakenAddresses(resolveConfig({ bind })), { name: "BindError", bind });
  refuseTakenAddresses(resolveConfig({ bind: ["127.0.0.1:0", "unix:/run/a.sock"] }));
});

Deno.test("refuseTakenAddresses() looks once at each port, for later it is the workers' own", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const config = resolveConfig({ bind: `127.0.0.1:${port}` });
  const known = new Set<number>();
  assert.throws(() => refuseTakenAddresses(config, known), { name: "BindError" });
  assert.deepEqual(known, new Set()); // refused, so it is looked at again
  listener.close();
  refuseTakenAddresses(config, known);
  assert.deepEqual(known, new Set([port]));
  using _worker = Deno.listen({ hostname: "127.0.0.1", port, reusePort: true });
  refuseTakenAddresses(resolveConfig({ bind: `localhost:${port}` }), known);
});

Deno.test("noticesOf() repeats the warnings of the configuration", () => {
  const config = resolveConfig({ debug: true });
  assert.equal(config.warnings.length, 1);
  assert.equal(noticesOf(config)[0], config.warnings[0]);
});

const REMOTE = "https://jsr.io/@x/hypercorn/1.0.0/src/workers/worker.ts";

const PROJECTS = [
  { what: "adds", program: REMOTE, flags: ["-A"], application: "app/src/main.ts", adds: true },
  {
    what: "adds nothing to a local program",
    program: "file:///worker.ts",
    flags: ["-A"],
    application: "app/src/main.ts",
    adds: false,
  },
  {
    what: "adds nothing to -c",
    program: REMOTE,
    flags: ["-c", "x.json"],
    application: "app/src/main.ts",
    adds: false,
  },
  {
    what: "adds nothing to --config=",
    program: REMOTE,
    flags: ["--config=x.json"],
    application: "app/src/main.ts",
    adds: false,
  },
  {
    what: "adds nothing to --no-config",
    program: REMOTE,
    flags: ["--no-config"],
    application: "app/src/main.ts",
    adds: false,
  },
  {
    what: "adds nothing for an application on the network",
    program: REMOTE,
    flags: [],
    application: null,
    adds: false,
  },
];
for (const { what, program, flags, application, adds } of PROJECTS) {
  Deno.test(`withProjectConfig() ${what}${adds ? " the nearest deno.json" : ""}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${folder}/app/src`, { recursive: true });
      await Deno.writeTextFile(`${folder}/app/deno.jsonc`, "{}");
      const path = application === null ? null : `${folder}/${application}`;
      const added = adds ? ["--config", `${folder}/app/deno.jsonc`] : [];
      assert.deepEqual(withProjectConfig(flags, program, path), [...flags, ...added]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
