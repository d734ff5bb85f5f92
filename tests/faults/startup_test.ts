/**
 * Applications that fail or hang while they start or stop, several of them mounted side by side.
 */

import assert from "node:assert/strict";
import { isAlive } from "../_support/command_line.ts";
import { REPOSITORY } from "../_support/repository.ts";
import { freePort } from "../_support/server_process.ts";
import { exists, processesOf, type Stage, test } from "./fault_stage.ts";

/** Three ASGI applications side by side; the second of them does what the test says. */
function mounted(phase: "startup" | "shutdown", act: string): string {
  return `import { dispatcher } from "${new URL("src/middleware/mod.ts", REPOSITORY)}";
const app = (name) => async (scope, receive, send) => {
  if (scope.type !== "lifespan") return;
  for (const phase of ["startup", "shutdown"]) {
    await receive();
    console.log(name + " " + phase);
    if (name === "two" && phase === "${phase}") { ${act} }
    await send({ type: "lifespan." + phase + ".complete" });
  }
};
export default dispatcher({ "/one": app("one"), "/two": app("two"), "/three": app("three") });
`;
}

const HANGS = `await new Promise((resolve) => setTimeout(resolve, 1e9));`;
const FAILS = `await send({ type: "lifespan.startup.failed", message: "no database" }); return;`;

const STARTS = [
  { what: "hangs", act: HANGS, says: /Timeout.*startup|startup.*(?:timeout|within)/i },
  { what: "says that it failed", act: FAILS, says: /no database/ },
  { what: "ends its process", act: `Deno.exit(3);`, says: null },
];

function serve(stage: Stage, workers: number, port: number) {
  const config = `bind = "127.0.0.1:${port}"\nstartup_timeout = 1\nshutdown_timeout = 1\n`;
  return stage.serve(["--pid", "server.pid"], { workers, config, wait: false });
}

for (const { what, act, says } of STARTS) {
  for (const workers of [0, 1]) {
    test(
      `one of three applications that ${what} at its startup ends ${workers} workers, and nothing stays open`,
      async (stage) => {
        const port = freePort();
        const server = await serve(stage, workers, port);
        assert.equal(await server.exitCode(), says === null && workers === 0 ? 3 : 1, server.text);
        assert.match(server.text, says ?? (workers === 0 ? /two startup/ : /it ended with code 3/));
        assert.doesNotMatch(server.text, /Running on/);
        assert.deepEqual(processesOf(server).filter(isAlive), []);
        if (says !== null) {
          assert.equal(exists(stage.path("server.pid")), false);
          if (act === FAILS) {
            assert.match(server.text, /one shutdown/, "What had started is stopped");
          }
        }
        Deno.listen({ hostname: "127.0.0.1", port }).close();
      },
      { app: mounted("startup", act) },
    );
  }
}

for (const workers of [0, 1]) {
  test(
    `one of three applications that hangs at its shutdown ends ${workers} workers in time, with 1`,
    async (stage) => {
      const server = await serve(stage, workers, freePort());
      await server.says(/Running on/);
      server.kill("SIGTERM");
      assert.equal(await server.exitCode(), 1, server.text);
      assert.match(server.text, /two shutdown/);
      assert.match(server.text, /shutdown/i);
      assert.equal(exists(stage.path("server.pid")), false);
    },
    { app: mounted("shutdown", HANGS) },
  );
}
