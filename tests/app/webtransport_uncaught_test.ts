/**
 * What nobody catches of a session, in processes of their own: clients come and go and the server stays; an error of the
 * application ends it as ever.
 */

import assert from "node:assert/strict";
import { CERTIFICATE_PATH, KEY_PATH } from "../_support/certificates.ts";
import { CommandLine } from "../_support/command_line.ts";
import { fromFileUrl } from "../_support/repository.ts";
import { WebTransportClient } from "../_support/webtransport_client.ts";
import type { ClientSession } from "../_support/webtransport_session.ts";

const PROGRAM = fromFileUrl(
  new URL("../_support/programs/webtransport_main.ts", import.meta.url).href,
)!;
const ADDRESS = "127.0.0.1:0";
const TLS = ["--certfile", CERTIFICATE_PATH, "--keyfile", KEY_PATH];

/** How the program is served, and how what the application throws ends that. */
const WAYS = [
  {
    way: "serve()",
    start: () => {
      const command = [Deno.execPath(), "run", "-A", "--quiet", "--unstable-net", PROGRAM];
      const shell = ["exec", ...command, CERTIFICATE_PATH, KEY_PATH].join(" ");
      return new CommandLine([], { cwd: ".", shell });
    },
    end: /Uncaught \(in promise\) Error: on purpose/,
  },
  {
    way: "the command line",
    start: () => {
      const args = [`${PROGRAM}:default`, "--bind", ADDRESS, "--quic-bind", ADDRESS, ...TLS];
      return new CommandLine(args, { cwd: "." });
    },
    end: /Worker \d+ stops: its application left an error uncaught/,
  },
];

/** How a client leaves in the middle of a stream. */
const LEAVES: readonly ((client: WebTransportClient, session: ClientSession) => unknown)[] = [
  (_client, session) => session.close(7, "bye"),
  (_client, session) => session.stream.finish(),
  (client) => client.close(),
];

for (const { way, start, end } of WAYS) {
  Deno.test(`sessions without a catch, under ${way}, leave the server to others, and an error of the application does not`, async () => {
    await using served = start();
    await served.says(/Running on/, 2);
    for (const leave of LEAVES) {
      await using client = await visit(served);
      const session = await client.open();
      await say(session, "hello");
      await leave(client, session);
    }
    await using client = await visit(served);
    const stream = await say(await client.open(), "still here");
    assert.doesNotMatch(served.text, /uncaught|WebTransportError/i);
    await stream.send("throw");
    await served.says(end);
    assert.match(served.text, /Error: on purpose/);
  });
}

function visit({ urls }: CommandLine): Promise<WebTransportClient> {
  return WebTransportClient.connect(Number(new URL(urls.at(-1)!).port));
}

async function say(session: ClientSession, text: string) {
  const stream = await session.openBidirectional(text);
  assert.equal(await stream.textOf(text.length), text);
  return stream;
}
