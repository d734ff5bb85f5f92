/**
 * One application with sessions that do all sorts of things; in ASGI it is `webtransport_asgi_app.ts`.
 *
 * Its paths: `/page` is a page, `/socket` a WebSocket that echoes, those of {@linkcode Behaviours} are sessions.
 *
 * @module
 */

import {
  type FetchHandler,
  type ServerWebTransport,
  upgradeWebSocket,
  upgradeWebTransport,
} from "../../mod.ts";
import type { Mailbox } from "./webtransport_stream.ts";

/**
 * What sessions do: `echo` sends everything back, `protocol` chooses "chat" and echoes, `deny` answers 429 "no room"
 * with `x-why: full`, `refuse` is not accepted (403), `ask` opens a stream "Who are you?", reads the answer, and opens one in one direction,
 * "Hello …", `close` closes at the first datagram, with 4000 "grüße".
 */
export type Behaviours = "echo" | "protocol" | "deny" | "refuse" | "ask" | "close";

/** How sessions ended: `"closed 0"`, `"closed 7 bye"`, `"lost"`. */
export type Ends = Mailbox<string>;

/** The fetch form. */
export function fetchSessions(ends: Ends): FetchHandler {
  return (request) => {
    const behaviour = new URL(request.url).pathname.slice(1);
    if (behaviour === "page") return new Response("page");
    if (behaviour === "socket") {
      const { socket, response } = upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    if (behaviour === "deny") {
      return new Response("no room", { status: 429, headers: { "x-why": "full" } });
    }
    if (behaviour === "refuse") return new Response(null, { status: 403 });
    const { session, response } = upgradeWebTransport(request, {
      headers: { "x-behaviour": behaviour },
      ...(behaviour === "protocol" ? { protocols: ["chat"] } : {}),
    });
    void session.closed.then(
      ({ closeCode, reason }) => ends.add(`closed ${closeCode} ${reason}`.trimEnd()),
      () => ends.add("lost"),
    );
    use(session, behaviour).catch(() => {}); // the client is gone, as `closed` says
    return response;
  };
}

async function use(session: ServerWebTransport, behaviour: string): Promise<void> {
  await session.ready;
  if (behaviour === "ask") return await ask(session);
  if (behaviour === "close") {
    await session.datagrams.readable.getReader().read();
    return session.close({ closeCode: 4000, reason: "grüße" });
  }
  await Promise.all([
    echoBidirectional(session),
    echoUnidirectional(session),
    session.datagrams.readable.pipeTo(session.datagrams.writable),
  ]);
}

async function echoBidirectional(session: ServerWebTransport): Promise<void> {
  for await (const { readable, writable } of session.incomingBidirectionalStreams) {
    readable.pipeTo(writable).catch(() => {}); // the client is gone, or ended the stream
  }
}

async function echoUnidirectional(session: ServerWebTransport): Promise<void> {
  for await (const readable of session.incomingUnidirectionalStreams) {
    void session.createUnidirectionalStream().then((writable) => readable.pipeTo(writable))
      .catch(() => {}); // likewise
  }
}

async function ask(session: ServerWebTransport): Promise<void> {
  const { readable, writable } = await session.createBidirectionalStream();
  await say(writable, "Who are you?");
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of readable) parts.push(part as Uint8Array<ArrayBuffer>);
  const name = await new Blob(parts).text();
  await say(await session.createUnidirectionalStream(), `Hello ${name}`);
}

async function say(writable: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}
