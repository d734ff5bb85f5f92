/**
 * A server whose WebTransport sessions are served without a single catch, for tests that need a process of their own.
 *
 * A stream in both directions gets back what it brings; what says `throw` is an error of the application that nobody
 * catches either. Its arguments are paths of a certificate and its key. The command line can serve it as well.
 *
 * @module
 */

import { serve, type ServerWebTransport, upgradeWebTransport } from "../../../mod.ts";

async function chat(session: ServerWebTransport): Promise<void> {
  for await (const { readable, writable } of session.incomingBidirectionalStreams) {
    const writer = writable.getWriter();
    for await (const chunk of readable) {
      if (new TextDecoder().decode(chunk) === "throw") throw new Error("on purpose");
      await writer.write(chunk);
    }
    await writer.close();
  }
}

/** Everything else that a visitor may leave behind. */
function wait(session: ServerWebTransport): void {
  session.incomingUnidirectionalStreams.getReader().read();
  session.datagrams.readable.getReader().read();
  session.closed.then(() => {});
  session.ready.then(() => session.createUnidirectionalStream())
    .then((stream) =>
      ReadableStream.from(clock()).pipeThrough(new TextEncoderStream()).pipeTo(stream)
    );
}

async function* clock(): AsyncGenerator<string> {
  while (true) {
    yield "tick\n";
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export default function app(request: Request): Response {
  const { session, response } = upgradeWebTransport(request);
  chat(session);
  wait(session);
  return response;
}

if (import.meta.main) {
  const [certfile = "", keyfile = ""] = Deno.args;
  const address = "127.0.0.1:0";
  await serve(app, { bind: address, quicBind: address, certfile, keyfile });
}
