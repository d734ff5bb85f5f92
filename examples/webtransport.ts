/**
 * WebTransport: streams and datagrams between a page and the server, and a live chart of how long they take.
 *
 *     npx -y deno@2.9.6 run --allow-net --allow-read=examples --unstable-net examples/webtransport.ts
 *
 * Then open http://127.0.0.1:8000/ in a browser that has WebTransport. The page trusts the certificate, which was made
 * for the occasion, by its hash.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it tells how sessions end

import { type Bind, serve, type ServerWebTransport, upgradeWebTransport } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

/** What the two sides say to each other on top of WebTransport; a later version would be another one. */
const PROTOCOL = "demo.v1";

/** Characters that a page may send to have its session closed. */
const MAX_ORDER_LENGTH = 4096;

const page = await Deno.readTextFile(new URL("webtransport.html", import.meta.url));
const target = Promise.withResolvers<Target>();
let sessions = 0;

/** What a page has to know. */
interface Target {
  /** Where sessions are opened. */
  readonly url: string;
  /** SHA-256 of the certificate, in base64. */
  readonly hash: string;
}

async function app(request: Request): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/":
      return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
    case "/target":
      return Response.json(await target.promise);
    case "/session":
      return enter(request);
    default:
      return new Response("Not found\n", { status: 404 });
  }
}

/** A request that opens no session makes `upgradeWebTransport` throw, and the server answers it. */
function enter(request: Request): Response {
  const { session, response } = upgradeWebTransport(request, { protocols: [PROTOCOL] });
  attend(session);
  return response;
}

/** Serves a session until it is over. Whatever the page breaks off is its own business. */
async function attend(session: ServerWebTransport): Promise<void> {
  sessions++;
  session.draining.then(() => session.close({ closeCode: 1, reason: "The server stops" }));
  await Promise.allSettled([
    session.datagrams.readable.pipeTo(session.datagrams.writable),
    echoStreams(session),
    tellTime(session),
    takeOrders(session),
  ]);
  sessions--;
  await session.closed.then(
    ({ closeCode, reason }) => console.log(`Session closed: ${closeCode} ${reason}`),
    () => console.log("Session lost"),
  );
}

/** Every stream in both directions gets back what it brings. */
async function echoStreams(session: ServerWebTransport): Promise<void> {
  for await (const { readable, writable } of session.incomingBidirectionalStreams) {
    readable.pipeTo(writable);
  }
}

/** A stream that the server opens has a line every second. */
async function tellTime(session: ServerWebTransport): Promise<void> {
  const stream = await session.createUnidirectionalStream();
  await ReadableStream.from(clock()).pipeThrough(new TextEncoderStream()).pipeTo(stream);
}

async function* clock(): AsyncGenerator<string> {
  while (true) {
    yield `${new Date().toISOString().slice(11, 19)} UTC, sessions: ${sessions}\n`;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** A stream that a page opens in one direction says how the server is to close its session; others are passed over. */
async function takeOrders(session: ServerWebTransport): Promise<void> {
  for await (const stream of session.incomingUnidirectionalStreams) {
    try {
      const { closeCode, reason } = JSON.parse(await textOf(stream));
      session.close({ closeCode, reason });
    } catch (error) {
      console.log(`No order: ${error}`);
    }
  }
}

/** The text of a stream. @throws {RangeError} When it is longer than an order. */
async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stream) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MAX_ORDER_LENGTH) throw new RangeError("The order is too long");
  }
  return text;
}

/** The addresses and the certificate are known when the server has started. */
function started(binds: readonly Bind[]): void {
  const { url, certificateHash } = binds.find(({ versions }) => versions.includes("3"))!;
  target.resolve({ url: `${url}/session`, hash: certificateHash! });
}

const [plain = "127.0.0.1:8000", secure = "127.0.0.1:8443"] = Deno.args;
await serve(app, {
  bind: secure,
  quicBind: secure, // WebTransport needs HTTP/3
  insecureBind: plain, // the page: browsers trust what is on this machine
  devCertificate: true,
  webtransportOrigins: [`http://${plain}`, `http://localhost:${plain.split(":").at(-1)}`],
}, { taskStatus: { started } });
