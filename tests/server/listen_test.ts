import assert from "node:assert/strict";
import { type ASGIFramework, BindError, start } from "../../mod.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_client.ts";

const hello = () => new Response("hello");

/** Reports the addresses an application sees. */
const addresses: ASGIFramework = async (scope, _receive, send) => {
  if (scope.type !== "http") return;
  await send({ type: "http.response.start", status: 200 });
  await send({
    type: "http.response.body",
    body: JSON.stringify({ client: scope.client, server: scope.server }),
  });
};

/** Asks over a Unix socket. */
async function getUnix(path: string): Promise<string> {
  using conn = await Deno.connect({ transport: "unix", path });
  await conn.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
  );
  return await new Response(conn.readable).text();
}

async function withSocketPath(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/app.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("start() opens every bind and reports the real ports", async () => {
  const log = new LogSink();
  await using server = await start(hello, { bind: ["127.0.0.1:0", "[::1]:0"], errorlog: log });
  assert.equal(server.binds.length, 2);
  for (const { url, secure } of server.binds) {
    assert.equal(await (await fetch(url)).text(), "hello");
    assert.equal(secure, false);
    assert.ok(log.lines.includes(`INFO Running on ${url} (CTRL + C to quit)`));
  }
  assert.match(server.binds[1]!.url, /^http:\/\/\[::1\]:[1-9]/);
});

Deno.test("start() gives IPv4 clients of a dual-stack bind as IPv4", async () => {
  await using server = await start(addresses, { bind: "[::]:0", errorlog: null });
  const { addr } = server.binds[0]!;
  assert.ok("port" in addr);
  const { client } = await (await fetch(`http://127.0.0.1:${addr.port}/`)).json();
  assert.equal(client[0], "127.0.0.1");
});

Deno.test("start() tells the task status once, when every listener accepts", async () => {
  const calls: (readonly string[])[] = [];
  await using server = await start(
    hello,
    { bind: ["127.0.0.1:0", "127.0.0.1:0"], errorlog: null },
    {
      taskStatus: { started: (binds) => calls.push(binds.map(({ url }) => url)) },
    },
  );
  assert.deepEqual(calls, [server.binds.map(({ url }) => url)]);
});

Deno.test("start() serves a Unix socket: no addresses, umask obeyed, file removed at the end", async () => {
  await withSocketPath(async (path) => {
    const before = Deno.umask();
    const server = await start(addresses, { bind: `unix:${path}`, umask: 0o077, errorlog: null });
    assert.equal(server.binds[0]!.url, `http://unix:${path}`);
    assert.match(await getUnix(path), /{"client":null,"server":null}$/);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o700);
    assert.equal(Deno.umask(), before);
    await server.shutdown();
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  });
});

Deno.test("start() takes the place of a socket file that a killed server left behind", async () => {
  await withSocketPath(async (path) => {
    const script = `Deno.listen({transport:"unix",path:${
      JSON.stringify(path)
    }});Deno.kill(Deno.pid,"SIGKILL")`;
    await new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", script] }).output();
    assert.ok((await Deno.stat(path)).isSocket);
    await using _server = await start(hello, { bind: `unix:${path}`, errorlog: null });
    assert.match(await getUnix(path), /hello$/);
  });
});

Deno.test("start() leaves a socket alone that somebody listens on", async () => {
  await withSocketPath(async (path) => {
    await using _first = await start(hello, { bind: `unix:${path}`, errorlog: null });
    await assert.rejects(
      start(hello, { bind: `unix:${path}`, errorlog: null }),
      (error) =>
        error instanceof BindError && /another program is listening there/.test(error.message),
    );
    assert.match(await getUnix(path), /hello$/);
  });
});

Deno.test("start() leaves a file alone that is no socket", async () => {
  await withSocketPath(async (path) => {
    await Deno.writeTextFile(path, "precious");
    await assert.rejects(
      start(hello, { bind: `unix:${path}`, errorlog: null }),
      (error) => error instanceof BindError && /exists and is not a socket/.test(error.message),
    );
    assert.equal(await Deno.readTextFile(path), "precious");
  });
});

Deno.test("start() explains an address in use, closes what it had opened, and stops the application", async () => {
  await using first = await start(hello, { bind: "127.0.0.1:0", errorlog: null });
  const { addr } = first.binds[0]!;
  assert.ok("port" in addr);
  const events: string[] = [];
  const log = new LogSink();
  await assert.rejects(
    start(hello, { bind: ["127.0.0.1:0", `127.0.0.1:${addr.port}`], errorlog: log }, {
      startup: () => events.push("startup"),
      shutdown: () => events.push("shutdown"),
    }),
    (error) =>
      error instanceof BindError && error.bind === `127.0.0.1:${addr.port}` &&
      error.message ===
        `Cannot bind "127.0.0.1:${addr.port}": the address is in use. Stop the other program ` +
          `("ss -ltnp sport = :${addr.port}" shows it) or bind another port`,
  );
  assert.deepEqual(events, ["startup", "shutdown"]);
  assert.deepEqual(log.matching("Running on"), []);
});

const REFUSED: { name: string; bind: string; message: RegExp }[] = [
  {
    name: "an address of another machine",
    bind: "192.0.2.1:0",
    message: /^Cannot bind "192\.0\.2\.1:0": no interface of this machine has that address/,
  },
  {
    name: "a name that cannot be resolved",
    bind: "nowhere.invalid:0",
    message:
      /^Cannot bind "nowhere\.invalid:0": the host name "nowhere\.invalid" cannot be resolved/,
  },
  {
    name: "a socket in a folder that does not exist",
    bind: "unix:/nonexistent/app.sock",
    message: /^Cannot bind "unix:\/nonexistent\/app\.sock": /,
  },
];

for (const { name, bind, message } of REFUSED) {
  Deno.test(`start() explains ${name} in one line`, async () => {
    await assert.rejects(
      start(hello, { bind, errorlog: null }),
      (error) =>
        error instanceof BindError && message.test(error.message) && !error.message.includes("\n"),
    );
  });
}

Deno.test({
  name: "start() explains a privileged port to a user without privileges",
  ignore: Deno.uid() !== 0, // only root can become somebody who may not
  async fn() {
    const script = `import process from "node:process";
      import { start } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
      process.setuid(65534);
      await start(() => new Response(), { bind: "127.0.0.1:81", errorlog: null })
        .catch((error) => console.log(error.message));`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", script],
    }).output();
    assert.match(
      new TextDecoder().decode(stdout),
      /^Cannot bind "127\.0\.0\.1:81": ports below 1024 need privileges\. Bind a higher port/,
    );
  },
});

Deno.test("start() names the missing Deno permission", async () => {
  const script = `import { start } from ${
    JSON.stringify(new URL("../../mod.ts", import.meta.url).href)
  };
    await start(() => new Response(), { bind: "127.0.0.1:0", errorlog: null }).catch((e) => console.log(e.message));`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, script);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--config", "deno.json", file],
    cwd: new URL("../../", import.meta.url),
  }).output();
  await Deno.remove(file);
  assert.match(
    new TextDecoder().decode(stdout),
    /^Cannot bind "127\.0\.0\.1:0": Deno was not given permission: .* run again with the --allow-net flag/,
  );
});

Deno.test("an accept loop outlives a client that leaves in the middle of its request", async () => {
  await using server = await start(hello, { bind: "127.0.0.1:0", errorlog: null });
  const { url } = server.binds[0]!;
  for (let i = 0; i < 20; i++) {
    using client = await RawClient.connect(url);
    await client.send("GET / HTTP/1.1\r\nHos");
  }
  assert.equal(await (await fetch(url)).text(), "hello");
});
