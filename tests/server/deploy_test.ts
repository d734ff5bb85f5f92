import assert from "node:assert/strict";

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Asks until somebody answers; the platform does not say when it is ready. */
async function getWhenUp(url: string): Promise<string> {
  for (let attempts = 0; attempts < 1_000; attempts++) {
    try {
      return await (await fetch(url)).text();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`Nobody answers at ${url}`);
}

Deno.test("serve() hands the application to the platform on Deno Deploy", async () => {
  const port = freePort();
  const program = new URL("../_support/programs/deploy_main.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", program, `127.0.0.1:${port}`],
    env: {
      DENO_DEPLOYMENT_ID: "test",
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`, // how the platform tells its address
      NO_COLOR: "1",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  assert.equal(await getWhenUp(`http://127.0.0.1:${port}/a`), "deployed /mounted/a");
  const foreign = await fetch(`http://localhost:${port}/a`);
  assert.equal(foreign.status, 404);
  await foreign.body?.cancel();
  child.kill("SIGKILL");
  const stderr = new TextDecoder().decode((await output).stderr);
  assert.equal(stderr.match(/On Deno Deploy the platform owns/g)?.length, 1);
});
