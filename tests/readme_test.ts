/** The README against the programs and tables it speaks of. */

import { deadline } from "@std/async/deadline";
import assert from "node:assert/strict";
import { findOption, OPTIONS } from "../src/config/options.ts";
import { type ConfigInit, type Framework, start } from "../mod.ts";
import { PATIENCE_MS, Program } from "./_support/program.ts";
import { assertQuoted, codesIn, README, tableRows } from "./_support/readme.ts";
import { REPOSITORY } from "./_support/repository.ts";

Deno.test("the README's first minute: deno task start answers what is printed there", async () => {
  const [, promised] = /\$ curl -i http:\/\/127\.0\.0\.1:8000\/\n([^]*?)```/.exec(README)!;
  const args = ["task", "start", "127.0.0.1:0", "127.0.0.1:0"];
  await using program = await Program.start(args, REPOSITORY, 3);
  const plain = program.urls.find((url) => url.startsWith("http:"));
  const answer = await rawGet(new URL(plain!));
  const undated = (text: string) => text.replace(/^date: .*GMT$/m, "date: masked");
  assert.equal(undated(answer), undated(promised!));
  program.stop();
  assert.equal(await program.exitCode(), 0);
});

Deno.test("the README lists the options that act, and no others", () => {
  const listed = optionRows().flatMap(({ names }) => names);
  const acting = OPTIONS.filter(({ effect }) =>
    effect === "now" || effect === "guarded" || typeof effect === "object" && "http3Only" in effect
  ).map(({ name }) => name);
  assert.deepEqual(listed.toSorted(), acting.toSorted());
});

Deno.test("the README states the defaults of the options", () => {
  for (const { names, value } of optionRows()) {
    for (const name of names) {
      const expected = findOption(name)!.default;
      const stated: unknown = JSON.parse(value);
      // A list of one may be written as its member.
      assert.deepEqual(Array.isArray(expected) ? [stated].flat() : stated, expected, name);
    }
  }
});

Deno.test("the first screen of the README ends with a response", () => {
  const [, screen] = /^# .*\n([^]*?)\n## /.exec(README)!;
  assert.match(screen!, /\n\nHello from \/\n```\n$/);
  assert(screen!.split("\n").length <= 45, "It does not fit a screen");
});

Deno.test("the README quotes what start() rejects with", async () => {
  await using server = await start(greet, { bind: "127.0.0.1:0", errorlog: null });
  const used = server.binds[0]!.url.slice("http://".length);
  const messages = [
    (await rejection({ bind: used })).replaceAll(used.split(":")[1]!, "8000"),
    await rejection({ certfile: "cert.pem", keyfile: "key.pem" }),
  ];
  for (const message of messages) assertQuoted(message);
});

Deno.test({
  name: "the README quotes what start() rejects with where Deno denies the network",
  permissions: { net: false },
  fn: async () => assertQuoted(await rejection({ bind: "127.0.0.1:8000" })),
});

Deno.test("the README quotes what is logged of a handler that returns no Response", async () => {
  const lines: string[] = [];
  const ignore = () => {};
  const errorlog = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (line: string) => void lines.push(line),
  };
  const app = (() => ["Hello"]) as unknown as Framework;
  await using server = await start(app, { bind: "127.0.0.1:0", errorlog });
  const response = await fetch(server.binds[0]!.url);
  await response.body?.cancel();
  assert.equal(response.status, 500);
  assertQuoted(lines.join("\n").split("ApplicationError: ")[1]!);
});

const COMMANDS = [
  { args: ["main.ts", "--workers", "2"], flags: ["--allow-read", "--allow-net"] },
  { args: ["main.ts", "-w2", "--dev-certificate", ...quicBinds("8443", "8444")] },
];
for (const { args, flags = ["-A"] } of COMMANDS) {
  Deno.test(`the README quotes what the command line says to ${args.join(" ")}`, async () => {
    const program = new URL("src/cli/mod.ts", REPOSITORY).href;
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, program, ...args],
      cwd: new URL("examples/production", REPOSITORY),
      env: { NO_COLOR: "1" },
    }).output();
    const [, message] = /^error: (.*)$/m.exec(new TextDecoder().decode(stderr))!;
    assertQuoted(message!);
  });
}

function quicBinds(...ports: string[]): string[] {
  return ports.flatMap((port) => ["--quic-bind", `127.0.0.1:${port}`]);
}

function greet(): Response {
  return new Response("Hello\n");
}

/** Message of the error that a start with these options fails with. */
async function rejection(config: ConfigInit): Promise<string> {
  try {
    await using _server = await start(greet, { errorlog: null, ...config });
  } catch (error) {
    return (error as Error).message;
  }
  assert.fail("The server started");
}

/** Rows of the tables of options: names, and the default as JSON. */
function optionRows(): { names: string[]; value: string }[] {
  return tableRows(["Option", "Default"]).map(([names, value]) => {
    return { names: codesIn(names!), value: codesIn(value!)[0]! };
  });
}

/** The whole response to the request that `curl -i` makes, with line feeds for line ends. */
async function rawGet({ hostname, port }: URL): Promise<string> {
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request =
    `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const decoder = new TextDecoder();
  const piece = new Uint8Array(4096);
  let text = "";
  while (!isComplete(text)) {
    const size = await deadline(connection.read(piece), PATIENCE_MS);
    assert(size !== null, `The connection was closed after: ${text}`);
    text += decoder.decode(piece.subarray(0, size));
  }
  return text.replaceAll("\r\n", "\n");
}

function isComplete(response: string): boolean {
  const [head, content] = response.split("\r\n\r\n");
  const length = /^content-length: (\d+)/m.exec(head!)?.[1];
  return content !== undefined && content.length >= Number(length ?? 0);
}
