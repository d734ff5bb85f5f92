/**
 * Deno's own WebTransport client against our server.
 *
 * It takes a connection for one session, in draft 02. What it demands, seen in 2.9: the control stream first of all streams,
 * status 200 in fields without a dynamic table, and the certificate of `serverCertificateHashes`, whatever its age. What it
 * lacks: it closes by closing the connection, without CLOSE capsule; a stream that was closed gets its FIN from the garbage
 * collector; and a read of a stream in one direction that meets one of QPACK waits for ever, while the next goes on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Server, start } from "../../mod.ts";
import { concat } from "../_support/bytes.ts";
import { pause } from "../_support/waiting.ts";
import { CERTIFICATE, TLS_OPTIONS } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { fetchSessions } from "../_support/webtransport_app.ts";
import { HANG_MS, Mailbox } from "../_support/webtransport_stream.ts";
import { quicPort } from "./h3_server.ts";

const utf8 = new TextEncoder();

/** SHA-256 of the certificate, which the client trusts by that alone. */
async function certificateHash(): Promise<ArrayBuffer> {
  const base64 = CERTIFICATE.replace(/-----[^-]+-----|\s/g, "");
  const der = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return await crypto.subtle.digest("SHA-256", der);
}

/** A server, and a client that is connected to it. */
class Pair implements AsyncDisposable {
  readonly client: WebTransport;
  readonly ends: Mailbox<string>;
  readonly log: LogSink;
  readonly #server: Server;
  #isOpen = false;

  private constructor(server: Server, client: WebTransport, ends: Mailbox<string>, log: LogSink) {
    this.#server = server;
    this.client = client;
    this.ends = ends;
    this.log = log;
  }

  static async open(path: string): Promise<Pair> {
    const ends: Mailbox<string> = new Mailbox();
    const log = new LogSink();
    const bind = "127.0.0.1:0";
    const config = { ...TLS_OPTIONS, bind, quicBind: bind, errorlog: log };
    const server = await start(fetchSessions(ends), config);
    const client = new WebTransport(`https://127.0.0.1:${quicPort(server)}/${path}`, {
      serverCertificateHashes: [{ algorithm: "sha-256", value: await certificateHash() }],
    });
    client.closed.catch(() => {}); // the tests look at `ready` and at the server
    return new Pair(server, client, ends, log);
  }

  /** Settles when the session is open. */
  async ready(): Promise<void> {
    await withDeadline(Promise.resolve(this.client.ready), "a session", HANG_MS);
    this.#isOpen = true;
  }

  /** Closes as the client does, and expects that the application hears of it and nothing failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) this.client.close({ closeCode: 7, reason: "bye" });
    await this.#server.shutdown();
  }
}

Deno.test("WebTransport: Deno's client opens a session, which the application hears the end of", async () => {
  const pair = await Pair.open("echo");
  {
    await using _closed = pair;
    await pair.ready();
  }
  assert.equal(await pair.ends.next("the end"), "lost");
  assert.deepEqual(pair.log.matching("ERROR"), []);
});

Deno.test("WebTransport: Deno's client is refused where the application does not accept", async () => {
  await using pair = await Pair.open("refuse");
  await assert.rejects(pair.ready(), /expected 200, got: Some\(403\)/);
});

Deno.test("WebTransport: Deno's client gets streams in both directions back, short and long", async () => {
  await using pair = await Pair.open("echo");
  await pair.ready();
  for (const text of ["x", "grüße", "long ".repeat(100_000)]) {
    const { readable, writable } = await pair.client.createBidirectionalStream();
    const sent = say(writable, text);
    assert.equal(await textOf(readable, utf8.encode(text).length), text);
    await sent;
  }
});

Deno.test("WebTransport: Deno's client gets streams in one direction back", async () => {
  await using pair = await Pair.open("echo");
  await pair.ready();
  await say(await pair.client.createUnidirectionalStream(), "one way");
  const reader = pair.client.incomingUnidirectionalStreams.getReader();
  let stream: ReadableStream<Uint8Array> | undefined;
  const first = reader.read().then(({ value }) => stream = value);
  const trying = async () => {
    while (stream === undefined) {
      reader.read().catch(() => {}); // has the first one go on; it is over with the session
      await Promise.race([first, pause(10)]);
    }
    return stream;
  };
  const found = await withDeadline(trying(), "a stream of the server", HANG_MS);
  assert.equal(await textOf(found, 7), "one way");
});

Deno.test("WebTransport: Deno's client is asked by the server", async () => {
  await using pair = await Pair.open("ask");
  await pair.ready();
  const incoming = pair.client.incomingBidirectionalStreams.getReader();
  const { value } = await withDeadline(incoming.read(), "a question", HANG_MS);
  const question = textOf(value!.readable);
  await say(value!.writable, "Deno");
  assert.equal(await question, "Who are you?");
});

Deno.test("WebTransport: Deno's client gets datagrams back", async () => {
  await using pair = await Pair.open("echo");
  await pair.ready();
  const writer = pair.client.datagrams.writable.getWriter();
  const reader = pair.client.datagrams.readable.getReader();
  for (const text of ["one", "two", "x".repeat(1_000)]) {
    await writer.write(utf8.encode(text));
    const { value } = await withDeadline(reader.read(), "a datagram", HANG_MS);
    assert.equal(new TextDecoder().decode(value), text);
  }
});

async function say(writable: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(utf8.encode(text));
  await writer.close();
}

/** So many bytes of a stream, or all of it. */
async function textOf(readable: ReadableStream<Uint8Array>, length = Infinity): Promise<string> {
  const reading = async () => {
    const parts: Uint8Array[] = [];
    let left = length;
    for await (const part of readable.values({ preventCancel: true })) {
      parts.push(part);
      left -= part.length;
      if (left <= 0) break;
    }
    return new TextDecoder().decode(concat(parts));
  };
  return await withDeadline(reading(), "the end of a stream", HANG_MS);
}
