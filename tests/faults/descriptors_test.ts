/**
 * A process that has used up its file descriptors: what needs one fails cleanly, and all is well once there are some.
 */

import assert from "node:assert/strict";
import { BrokenResponse, readResponse } from "../_support/client.ts";
import type { CommandLine } from "../_support/command_line.ts";
import { RawConnection, RawResponse } from "../_support/raw_http.ts";
import { ask, type Stage, test } from "./fault_stage.ts";

const LIMIT = `ulimit -n 128; exec "$@"`;

/** `/hoard` takes every descriptor that is left, SIGWINCH gives them back. */
const HOARD = `
const hoard = [];
function take() {
  try {
    for (;;) hoard.push(Deno.openSync("/dev/null"));
  } catch { /* that was the last */ }
}
Deno.addSignalListener("SIGWINCH", () => {
  for (const file of hoard.splice(0)) file.close();
  console.log("released");
});
console.log("pid " + Deno.pid);
`;

const ASGI = `${HOARD}
export default async (scope, receive, send) => {
  if (scope.type !== "http") return;
  if (scope.path === "/hoard") take();
  if (scope.path === "/slow") {
    console.log("begun");
    while (!await Deno.stat("go").catch(() => null)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  if (scope.path === "/open") Deno.openSync("main.ts").close();
  await send({ type: "http.response.start", status: 200, headers: [["content-length", "2"]] });
  if (scope.path === "/file") {
    return await send({ type: "http.response.pathsend", path: Deno.cwd() + "/two.txt" });
  }
  await send({ type: "http.response.body", body: "ok" });
};`;

const WSGI = `${HOARD}
export default (environ, start_response) => {
  if (environ.PATH_INFO === "/hoard") take();
  start_response("200 OK", []);
  return [String(environ["wsgi.input"].read().length)];
};`;

/** A connection that is there before descriptors are short. */
class KeptConnection implements Disposable {
  readonly #connection: RawConnection;

  constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  static async open(url: string): Promise<KeptConnection> {
    return new KeptConnection(await RawConnection.open(url));
  }

  /** Status and content of an answer, or that it was broken off. */
  async ask(path: string, content = ""): Promise<string> {
    const method = content === "" ? "GET" : "POST";
    const length = content === "" ? "" : `content-length: ${content.length}\r\n`;
    await this.#connection.send(`${method} ${path} HTTP/1.1\r\nhost: h\r\n${length}\r\n${content}`);
    try {
      const { status, text } = await readResponse(new RawResponse(this.#connection, method));
      return `${status} ${text}`;
    } catch (error) {
      if (error instanceof BrokenResponse) return "broken off";
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}

/** The process that has the application. */
function servingPid({ text }: CommandLine): number {
  return Number(/pid (\d+)/.exec(text)![1]);
}

const FORMS: { form: string; guard: string; workers: number }[] = [
  { form: "a plain server", guard: "off", workers: 0 },
  { form: "a guarded server", guard: "on", workers: 0 },
  { form: "a worker", guard: "off", workers: 1 },
];

function serve(stage: Stage, guard: string, workers: number): Promise<CommandLine> {
  const config =
    `bind = "127.0.0.1:0"\nguard = "${guard}"\naccesslog = "access.log"\ngraceful_timeout = 60\n`;
  return stage.serve([], { workers, shell: LIMIT, config });
}

for (const { form, guard, workers } of FORMS) {
  test(
    `${form} without file descriptors fails what needs one, and accepts again when there are some`,
    async (stage) => {
      stage.write("two.txt", "ok");
      const server = await serve(stage, guard, workers);
      const [url = ""] = server.urls;
      using kept = await KeptConnection.open(url);
      using other = await KeptConnection.open(url); // a failed response may end its connection
      assert.equal(await kept.ask("/file"), "200 ok");
      assert.equal(await other.ask("/hoard"), "200 ok");
      assert.equal(await other.ask("/open"), "500 ", server.text);
      await server.says(/Error in ASGI Framework: GET .*\/open\n.*Too many open files/);
      assert.equal(await kept.ask("/"), "200 ok");
      assert.match(await kept.ask("/file"), /^500 |^broken off$/);
      await server.says(/Error in ASGI Framework: GET .*\/file\n.*\n?.*Too many open files/);

      const waiting = ask(url).catch(() => "lost"); // the plain listener is given up by the runtime
      await server.says(/\[WARN\] Cannot accept connections.*Too many open files.*; trying again/);
      Deno.kill(servingPid(server), "SIGWINCH");
      await server.says(/released/);
      assert.match(await waiting, /^(ok|lost)$/);
      assert.equal(await eventuallyAnswers(url), "ok");
      assert.equal(await ask(url, "/file"), "ok");
      server.kill("SIGTERM");
      assert.equal(await server.exitCode(), 0, server.text);
      assert.match(
        stage.read("access.log"),
        /GET \/open .*" 500/,
        "Logs that are open are written",
      );
    },
    { app: ASGI },
  );
}

/** Asks until there is an answer, for a minute. */
async function eventuallyAnswers(url: string): Promise<string> {
  for (const expired = performance.now() + 60_000;;) {
    try {
      return await ask(url);
    } catch (error) {
      if (performance.now() > expired) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test(
  "an upload that cannot be spooled for lack of a descriptor is kept in memory, and that is told once",
  async (stage) => {
    const server = await serve(stage, "off", 0);
    using kept = await KeptConnection.open(server.urls[0]!);
    await kept.ask("/hoard");
    const content = "x".repeat(3_000_000);
    for (let count = 0; count < 2; count++) {
      assert.equal(await kept.ask("/", content), "200 3000000");
    }
    server.kill("SIGUSR2");
    await server.says(/anew: Too many open files/); // all that was told before has come by then
    const told = [
      ...server.text.matchAll(/Cannot spool WSGI content .*Too many open files.*memory/g),
    ];
    assert.equal(told.length, 1, server.text);
  },
  { app: WSGI },
);

test(
  "log files that cannot be opened anew for lack of a descriptor are written on",
  async (stage) => {
    const server = await serve(stage, "off", 0);
    using kept = await KeptConnection.open(server.urls[0]!);
    await kept.ask("/hoard");
    server.kill("SIGUSR2");
    await server.says(
      /Cannot open "access\.log" anew: Too many open files.*Lines go on into the file/,
    );
    assert.equal(await kept.ask("/after"), "200 ok");
    server.kill("SIGTERM");
    assert.equal(await server.exitCode(), 0, server.text);
    assert.match(stage.read("access.log"), /GET \/after /);
  },
  { app: ASGI },
);

for (const { form, guard, workers } of FORMS) {
  test(
    `${form} without file descriptors stops when it is told to, with what is in progress`,
    async (stage) => {
      const server = await serve(stage, guard, workers);
      const [url = ""] = server.urls;
      using kept = await KeptConnection.open(url);
      assert.equal(await kept.ask("/hoard"), "200 ok");
      const answer = kept.ask("/slow");
      await server.says(/begun/);
      const refused = ask(url).catch(() => "lost");
      await server.says(/Cannot accept connections/);
      server.kill("SIGTERM");
      stage.write("go", "");
      assert.equal(await answer, "200 ok");
      assert.equal(await server.exitCode(), 0, server.text);
      assert.match(await refused, /^(ok|lost)$/);
    },
    { app: ASGI },
  );
}
