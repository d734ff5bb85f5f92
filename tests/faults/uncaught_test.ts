/**
 * Errors of an application that come when nobody waits for them any more.
 */

import assert from "node:assert/strict";
import { isAlive } from "../_support/command_line.ts";
import { REPOSITORY } from "../_support/repository.ts";
import { ask, exists, test, workersOf } from "./fault_stage.ts";

/** `/slow` answers when the file `go` is there; the others fail in the way of their name. */
const APP = `
const faults = {
  "/rejection": () => void Promise.reject(new Error("fault of rejection")),
  "/timer": () => void setTimeout(() => { throw new Error("fault of timer"); }),
  "/listener": () => {
    const target = new EventTarget();
    target.addEventListener("x", () => { throw new Error("fault of listener"); });
    target.dispatchEvent(new Event("x"));
  },
  "/completed": ({ completed }) => void completed.then(() => { throw new Error("fault of completed"); }),
  "/nonsense": () => void Promise.reject({ get stack() { throw 1; }, toString: 5 }),
  "/interval": () => void setInterval(() => { throw new Error("fault of interval"); }, 1),
};
const streams = {
  "/pull": { pull() { throw new Error("fault of pull"); } },
  "/late-pull": {
    pull(controller) {
      if (this.began) throw new Error("fault of late-pull");
      this.began = true;
      controller.enqueue(new Uint8Array(1));
    },
  },
};
export default async (request, info) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/slow") {
    console.log("begun");
    while (!await Deno.stat("go").catch(() => null)) await new Promise((resolve) => setTimeout(resolve, 10));
    return new Response("slow " + Deno.pid);
  }
  faults[pathname]?.(info);
  return new Response(streams[pathname] ? new ReadableStream(streams[pathname]) : String(Deno.pid));
};
`;

const UNCAUGHT = [
  { path: "/rejection", says: /Unhandled rejection in the application: Error: fault of rejection/ },
  { path: "/timer", says: /Uncaught error in the application: Error: fault of timer/ },
  { path: "/listener", says: /Uncaught error in the application: Error: fault of listener/ },
  { path: "/completed", says: /Unhandled rejection in the application: Error: fault of completed/ },
  { path: "/nonsense", says: /Unhandled rejection in the application: / },
];

for (const { path, says } of UNCAUGHT) {
  test(
    `an error nobody caught (${path}) is logged, requests finish, and the process ends with 1`,
    async (stage) => {
      const server = await stage.serve(["--graceful-timeout", "60", "--pid", "server.pid"]);
      const slow = ask(server.urls[0]!, "/slow");
      await server.says(/begun/);
      assert.match(await ask(server.urls[0]!, path), /^\d+$/);
      await server.says(/Stopping: the application left an error uncaught/);
      stage.write("go", "");
      assert.equal(await slow, `slow ${server.pid}`);
      assert.equal(await server.exitCode(), 1, server.text);
      assert.match(server.text, says);
      if (path !== "/nonsense") assert.match(server.text, /^ {4}at .*main\.ts:/m);
      assert.equal(exists(stage.path("server.pid")), false);
    },
    { app: APP },
  );
}

test(
  "a worker with an error nobody caught lets its requests finish while another takes its place",
  async (stage) => {
    const server = await stage.serve(["--graceful-timeout", "60"], { workers: 1 });
    const [url = ""] = server.urls;
    const slow = ask(url, "/slow");
    await server.says(/begun/);
    const [first] = workersOf(server);
    assert.equal(await ask(url, "/rejection"), String(first));
    await server.says(new RegExp(`Worker ${first} stops: its application left an error uncaught`));
    await server.says(/Running on/, 2);
    const [, second] = workersOf(server);
    assert.equal(
      await ask(url),
      String(second),
      "The new one serves while the old one is not done",
    );
    assert(isAlive(first!));
    stage.write("go", "");
    assert.equal(await slow, `slow ${first}`);
    server.kill("SIGTERM");
    assert.equal(await server.exitCode(), 0, server.text);
    assert.deepEqual(workersOf(server).filter(isAlive), []);
  },
  { app: APP },
);

test(
  "a timer that fails a thousand times a second fills no log, and keeps no process",
  async (stage) => {
    const server = await stage.serve(["--graceful-timeout", "60"]);
    const slow = ask(server.urls[0]!, "/slow");
    await server.says(/begun/);
    await ask(server.urls[0]!, "/interval");
    await server.says(/fault of interval/, 10);
    stage.write("go", "");
    await slow;
    assert.equal(await server.exitCode(), 1);
    assert.equal([...server.text.matchAll(/Uncaught error in the application/g)].length, 10);
  },
  { app: APP },
);

for (const path of ["/pull", "/late-pull"]) {
  test(`a stream that fails (${path}) is the error of its request alone`, async (stage) => {
    const server = await stage.serve([]);
    await ask(server.urls[0]!, path).catch(() => "broken off");
    await server.says(new RegExp(`Error: fault of ${path.slice(1)}`));
    assert.equal(await ask(server.urls[0]!), String(server.pid));
    server.kill("SIGTERM");
    assert.equal(await server.exitCode(), 0, server.text);
  }, { app: APP });
}

const AFTER_RESPONSE = `export default async (scope, receive, send) => {
  if (scope.type !== "http") return;
  await send({ type: "http.response.start", status: 200, headers: [] });
  await send({ type: "http.response.body", body: String(Deno.pid) });
  throw new Error("fault after the response");
};`;
for (const workers of [0, 1]) {
  test(
    `an ASGI application of ${workers} workers that rejects after its response is logged, and serves on`,
    async (stage) => {
      const server = await stage.serve([], { workers });
      const pid = await ask(server.urls[0]!);
      await server.says(/Error in ASGI Framework.*\n.*fault after the response/);
      assert.equal(await ask(server.urls[0]!), pid);
      server.kill("SIGTERM");
      assert.equal(await server.exitCode(), 0, server.text);
    },
    { app: AFTER_RESPONSE },
  );
}

const OWN_HANDLERS = [
  {
    what: "a listener",
    code: `addEventListener("unhandledrejection", take); addEventListener("error", take);`,
  },
  {
    what: "process.on()",
    code: `import process from "node:process";
process.on("unhandledRejection", take); process.on("uncaughtException", take);`,
  },
];
for (const { what, code } of OWN_HANDLERS) {
  const own =
    `function take(event) { event.preventDefault?.(); console.log("taken"); }\n${code}\n${APP}`;
  test(`errors that an application handles by ${what} are its own business`, async (stage) => {
    const server = await stage.serve([]);
    await ask(server.urls[0]!, "/rejection");
    await server.says(/taken/);
    await ask(server.urls[0]!, "/timer");
    await server.says(/taken/, 2);
    assert.equal(await ask(server.urls[0]!), String(server.pid));
    server.kill("SIGTERM");
    assert.equal(await server.exitCode(), 0, server.text);
  }, { app: own });
}

const PROGRAM = `import { serve } from "${new URL("mod.ts", REPOSITORY)}";
await serve(() => {
  Promise.reject(new Error("fault of the program"));
  return new Response();
}, { bind: "127.0.0.1:0" }, {
  taskStatus: { started: ([bind]) => void fetch(bind.url) },
});
`;

test("serve() leaves errors that nobody caught to the program: the runtime ends it with 1", async (stage) => {
  stage.write("program.ts", PROGRAM);
  const config = new URL("deno.json", REPOSITORY).pathname;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--config", config, "program.ts"],
    cwd: stage.cwd,
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /error: Uncaught \(in promise\) Error: fault of the program/,
  );
});
