import assert from "node:assert/strict";
import {
  flagsOfCommandLine,
  missingFlagsNotice,
  workerFlags,
} from "../../src/workers/deno_flags.ts";

const COMMAND_LINES = [
  { line: "deno run -A main.ts", flags: ["-A"] },
  { line: "deno -A main.ts", flags: ["-A"] },
  { line: "deno run main.ts --workers 2", flags: [] },
  {
    line: "deno run -RWN --allow-env=A,B --unstable-net main.ts -c x",
    flags: ["-RWN", "--allow-env=A,B", "--unstable-net"],
  },
  {
    line: "deno run -c deno.json --import-map map.json -A main.ts",
    flags: ["-c", "deno.json", "--import-map", "map.json", "-A"],
  },
  { line: "deno run --config=deno.json -A main.ts", flags: ["--config=deno.json", "-A"] },
  { line: "deno --quiet run -A main.ts", flags: ["--quiet", "-A"] },
  {
    line: "deno run -A --watch --watch-hmr=x --inspect-brk=:1 -r --reload=jsr: main.ts",
    flags: ["-A"],
  },
  { line: "deno run -A --inspect-publish-uid stderr main.ts", flags: ["-A"] },
  { line: "deno run run", flags: null }, // this main module is called "run"
  { line: "deno run -A other.ts main.ts", flags: null },
  { line: "deno test -A main.ts", flags: null },
  { line: "deno run -A", flags: null },
  { line: "deno", flags: null },
  { line: "", flags: null },
];
for (const { line, flags } of COMMAND_LINES) {
  Deno.test(`flagsOfCommandLine() finds ${JSON.stringify(flags)} in "${line}"`, () => {
    const found = flagsOfCommandLine(line.split(" "), (text) => text === "main.ts");
    assert.deepEqual(found, flags);
  });
}

const OWN = ["--unstable-net", "--unstable-no-legacy-abort"];

Deno.test("workerFlags() adds what the server needs to the flags of the parent, once", () => {
  const config = { workerFlags: [] };
  assert.deepEqual(workerFlags(config, () => ["-A"]), ["-A", ...OWN]);
  assert.deepEqual(workerFlags(config, () => ["--unstable-net", "-N"]), [
    "--unstable-net",
    "-N",
    "--unstable-no-legacy-abort",
  ]);
});

Deno.test("workerFlags() takes those of the configuration instead, and does not ask for others", () => {
  const parent = () => assert.fail("The flags of the parent were looked for");
  assert.deepEqual(workerFlags({ workerFlags: ["--allow-net"] }, parent), ["--allow-net", ...OWN]);
});

Deno.test("workerFlags() of a process with all permissions gives workers all of them", () => {
  // Tests run with -A, and `deno test` is no command line that could be inherited.
  assert.deepEqual(workerFlags({ workerFlags: [] }), ["--allow-all", ...OWN]);
});

Deno.test("missingFlagsNotice() is silent where workers get what this process has, or what is configured", () => {
  assert.equal(missingFlagsNotice({ workerFlags: [] }), null); // tests run with -A
  assert.equal(missingFlagsNotice({ workerFlags: ["--allow-net"] }), null);
});

const PROBE = `
  import { missingFlagsNotice, requireProcesses, workerFlags } from ${
  JSON.stringify(new URL("../../src/workers/deno_flags.ts", import.meta.url).href)
};
  const flags = workerFlags({ workerFlags: [] });
  console.error(missingFlagsNotice({ workerFlags: [] }));
  try { requireProcesses({ workers: 2 }); console.log(JSON.stringify(flags)); }
  catch (error) { console.log(error.message); }
`;

const DENO = Deno.execPath();
const PERMISSIONS = [
  {
    flags: ["--allow-net", "--allow-run", "--allow-env"],
    says: ["--allow-net", "--allow-env", "--allow-run"],
  },
  { flags: ["--allow-net=127.0.0.1", `--allow-run=${DENO}`, "--allow-env"], says: ["--allow-env"] },
  {
    flags: ["--allow-net", "--allow-env"],
    says: "0 without --allow-run, received 2. Add --allow-run before",
  },
  { flags: ["--allow-run"], says: "0 without --allow-env, received 2" },
  { flags: [], says: "0 without --allow-run and --allow-env, received 2" },
];
for (const { flags, says } of PERMISSIONS) {
  Deno.test(`a process with [${flags}] ${typeof says === "string" ? "is refused" : "hands on no more"}`, async () => {
    const path = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(path, PROBE);
      const config = new URL("../../deno.json", import.meta.url).pathname;
      const { stdout, stderr } = await new Deno.Command(DENO, {
        args: ["run", "--no-check", "--config", config, ...flags, path],
        stdin: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      const context = text + new TextDecoder().decode(stderr);
      if (typeof says === "string") assert(text.includes(says), context);
      else {
        assert.deepEqual(new Set(JSON.parse(text)), new Set([...says, ...OWN]), context);
        assert.match(context, /^Workers run with --allow-[^:]+: .* Name all .* --worker-flag$/m);
      }
    } finally {
      await Deno.remove(path);
    }
  });
}
