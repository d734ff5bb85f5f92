/** WebTransport in Chromium, by calls of its API: what the page does, and what the application sees of it. */

// deno-lint-ignore-file no-console -- it says what was negotiated

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { SETTING } from "../../src/h3/mod.ts";
import { CHROMIUM } from "../_support/chromium.ts";
import { testWithTool } from "../_support/h3_tools.ts";
import { pieces, sumOf } from "../load/content.ts";
import { type Arrival, Meeting, soon } from "./webtransport_meeting.ts";

/** Bytes of large content. */
const LARGE = 1_000_000;

/** What pages know beside their own API. */
const IN_PAGE = `
  const sumOf = async (readable) => {
    const content = await new Response(readable).arrayBuffer();
    return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
  };
  const streamOf = (size) => {
    const bytes = new Uint8Array(size).map((_, index) => index % 251);
    return new Blob([bytes]).stream();
  };
`;

/** SHA-256 of what `streamOf` in the page brings. */
const PAGE_SUM = createHash("sha256")
  .update(new Uint8Array(LARGE).map((_, index) => index % 251)).digest("hex");

interface Row {
  readonly name: string;
  /** What the page does with `transport`; it returns what is compared. */
  readonly page: string;
  /** What the application does meanwhile; gives what is compared. */
  application(arrival: Arrival): Promise<unknown>;
  /** What both must have seen. */
  readonly expected: readonly [page: unknown, application: unknown];
}

const ROWS: readonly Row[] = [
  {
    name: "sends 1 MB on a stream of its own and gets it back",
    page: `
      const { readable, writable } = await transport.createBidirectionalStream();
      streamOf(${LARGE}).pipeTo(writable);
      return await sumOf(readable);`,
    async application({ session }) {
      const { readable, writable } = await first(session.incomingBidirectionalStreams);
      await readable.pipeTo(writable);
    },
    expected: [PAGE_SUM, undefined],
  },
  {
    name: "sends 1 MB in one direction",
    page: `await streamOf(${LARGE}).pipeTo(await transport.createUnidirectionalStream());`,
    application: async ({ session }) =>
      await sum(await first(session.incomingUnidirectionalStreams)),
    expected: [undefined, PAGE_SUM],
  },
  {
    name: "gets 1 MB on a stream that the server opens, and answers with as much",
    page: `
      const { value } = await transport.incomingBidirectionalStreams.getReader().read();
      const received = await sumOf(value.readable);
      await streamOf(${LARGE}).pipeTo(value.writable);
      return received;`,
    async application({ session }) {
      const { readable, writable } = await session.createBidirectionalStream();
      await ReadableStream.from(pieces(LARGE)).pipeTo(writable);
      return await sum(readable);
    },
    expected: [sumOf(LARGE), PAGE_SUM],
  },
  {
    name: "gets 1 MB in one direction",
    page: `
      const { value } = await transport.incomingUnidirectionalStreams.getReader().read();
      return await sumOf(value);`,
    async application({ session }) {
      await ReadableStream.from(pieces(LARGE)).pipeTo(await session.createUnidirectionalStream());
    },
    expected: [sumOf(LARGE), undefined],
  },
  {
    name: "gives a stream up with a code that the application sees",
    page: `
      const writer = (await transport.createUnidirectionalStream()).getWriter();
      await writer.write(new Uint8Array(3));
      await transport.incomingUnidirectionalStreams.getReader().read(); // the server has read them
      await writer.abort(new WebTransportError({ streamErrorCode: 42 }));`,
    async application({ session }) {
      const reader = (await first(session.incomingUnidirectionalStreams)).getReader();
      await reader.read();
      const answer = await session.createUnidirectionalStream();
      await answer.close();
      return await reader.read().catch(({ source, streamErrorCode }) => [source, streamErrorCode]);
    },
    expected: [undefined, ["stream", 42]],
  },
  {
    name: "wants no more of a stream, and the application learns of it",
    page: `
      const { value } = await transport.incomingUnidirectionalStreams.getReader().read();
      await value.cancel(new WebTransportError({ streamErrorCode: 43 }));`,
    async application({ session }) {
      const writer = (await session.createUnidirectionalStream()).getWriter();
      try {
        while (true) await writer.write(new Uint8Array(1000)); // it learns of it by writing
      } catch (error) {
        const { source, streamErrorCode } = error as WebTransportError;
        return [source, streamErrorCode];
      }
    },
    expected: [undefined, ["stream", 43]],
  },
  {
    name: "closes the session with a code and a reason",
    page: `
      transport.close({ closeCode: 4_294_967_295, reason: "Tschüss" });
      return await transport.closed;`,
    application: ({ session }) => session.closed,
    expected: [
      { closeCode: 4_294_967_295, reason: "Tschüss" },
      { closeCode: 4_294_967_295, reason: "Tschüss" },
    ],
  },
  {
    name: "learns with which code and reason the server closed the session",
    page: `return await transport.closed;`,
    application({ session }) {
      session.close({ closeCode: 4321, reason: "Tschüss" });
      return session.closed;
    },
    expected: [
      { closeCode: 4321, reason: "Tschüss" },
      { closeCode: 4321, reason: "Tschüss" },
    ],
  },
];

for (const { name, page, application, expected } of ROWS) {
  testWithTool(CHROMIUM, `WebTransport: Chromium ${name}`, async () => {
    await using meeting = await Meeting.start();
    const arrival = await meeting.open();
    const results = await Promise.all([
      meeting.run(IN_PAGE + page),
      soon(application(arrival), "what the application waits for"),
    ]);
    assert.deepEqual(results, expected);
    assert.deepEqual(meeting.log.matching("ERROR"), []);
  });
}

/** Settings that say which drafts a client speaks, by the name of the first draft that has them. */
const DRAFT_SETTINGS = [
  { draft: "draft-02", id: SETTING.ENABLE_WEBTRANSPORT },
  { draft: "draft-07", id: SETTING.WEBTRANSPORT_MAX_SESSIONS },
  { draft: "draft-13", id: SETTING.WT_MAX_SESSIONS },
  { draft: "draft-15", id: SETTING.WT_ENABLED },
];

/** The drafts that Chromium speaks. Its request names draft 02, whichever it chose. */
const DRAFTS = [
  { drafts: "draft-02", features: [] },
  { drafts: "draft-02 and draft-07", features: ["EnableWebTransportDraft07"] },
];

for (const { drafts, features } of DRAFTS) {
  testWithTool(CHROMIUM, `WebTransport: Chromium with ${drafts} opens a session`, async () => {
    await using meeting = await Meeting.start(features);
    const settings = await meeting.settings();
    const spoken = DRAFT_SETTINGS.filter(({ id }) => settings.has(id)).map(({ draft }) => draft);
    assert.equal(spoken.join(" and "), drafts);
    const arrival = await meeting.open(`protocols: ["tests.v1", "tests.v2"]`);
    const { request: { headers }, httpVersion, session } = arrival;
    const [agent, protocol] = await meeting.run<string[]>(
      `return [navigator.userAgent.match(/Chrome\\/\\d+/)[0], transport.protocol];`,
    );
    const draft02 = headers.get("sec-webtransport-http3-draft02");
    const offered = headers.get("wt-available-protocols");
    console.log(
      `${agent}, whose settings have ${drafts}: HTTP/${httpVersion}, WebTransport over HTTP/3`,
    );
    console.log(`sec-webtransport-http3-draft02: ${draft02}; wt-available-protocols: ${offered}`);
    console.log(`Negotiated application protocol: ${protocol}`);
    assert.deepEqual([protocol, session.protocol, httpVersion], ["tests.v2", "tests.v2", "3"]);
    assert.deepEqual([draft02, headers.get("origin")], ["1", meeting.url]);
  });
}

testWithTool(CHROMIUM, "WebTransport: Chromium and the server exchange datagrams", async () => {
  await using meeting = await Meeting.start();
  const { session } = await meeting.open();
  session.datagrams.readable.pipeTo(session.datagrams.writable);
  // Datagrams may get lost, so that each is sent until it is back. None is empty: after that Chromium 156 gives its page
  // no more of them.
  const sizes = await meeting.run<number[]>(`
    const { readable, writable, maxDatagramSize } = transport.datagrams;
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    const sizes = [];
    for (const size of [1, 1000, maxDatagramSize]) {
      const send = () => writer.write(new Uint8Array(size).fill(size));
      const again = setInterval(send, 100);
      send();
      let value;
      do ({ value } = await reader.read()); while (value.length !== size);
      clearInterval(again);
      sizes.push(value.every((byte) => byte === size % 256) ? size : "broken");
    }
    return sizes;`);
  assert.deepEqual(sizes.slice(0, 2), [1, 1000]);
  assert.ok(sizes[2]! > 1000, `The largest had ${sizes[2]} bytes`);
});

testWithTool(CHROMIUM, "WebTransport: Chromium has sessions beside requests", async () => {
  await using meeting = await Meeting.start();
  const arrivals = [await meeting.open()];
  await meeting.run(`globalThis.other = transport;`);
  arrivals.push(await meeting.open());
  for (const { session } of arrivals) echoAll(session);
  const results = await meeting.run<unknown[]>(`
    const echo = async (session) => {
      const { readable, writable } = await session.createBidirectionalStream();
      new Blob(["x".repeat(100_000)]).stream().pipeTo(writable);
      return (await new Response(readable).text()).length;
    };
    const ask = async () => await (await fetch("/version", { cache: "no-store" })).text();
    const work = Array.from({ length: 20 }, () => [echo(transport), echo(other), ask()]);
    const results = await Promise.all(work.flat());
    transport.close();
    other.close();
    return [...new Set(results)];`);
  assert.deepEqual(results, [100_000, "3"]);
});

testWithTool(
  CHROMIUM,
  "WebTransport: Chromium's page leaves, and its session is closed",
  async () => {
    await using meeting = await Meeting.start();
    const { session } = await meeting.open();
    await meeting.browser.open("about:blank");
    assert.deepEqual(await soon(session.closed, "the end"), { closeCode: 0, reason: "" });
  },
);

/** Chromium does not tell pages why: its message is the same for all. */
const REFUSED = /WebTransportError: Opening handshake failed/;

testWithTool(
  CHROMIUM,
  "WebTransport: Chromium is refused where the application opens none",
  async () => {
    await using meeting = await Meeting.start();
    await assert.rejects(meeting.dial("/elsewhere"), REFUSED);
    await meeting.logs("INFO CONNECT /elsewhere 3 501");
    await meeting.open();
  },
);

testWithTool(
  CHROMIUM,
  "WebTransport: Chromium is refused when its page is of another origin",
  async () => {
    await using meeting = await Meeting.start();
    await meeting.browser.open(`${meeting.tcpUrl}/`); // the port is another one
    await assert.rejects(meeting.dial("/session"), REFUSED);
    const why = `pages of "${meeting.tcpUrl}" may not open any. To allow them`;
    const start = "INFO Refused CONNECT with 403: Cannot accept the WebTransport session: ";
    await meeting.logs(`${start}${why} add the origin to "webtransport_origins"`);
    await meeting.browser.open(`${meeting.url}/`);
    const { request } = await meeting.open(); // the first one that the application sees
    assert.equal(request.headers.get("origin"), meeting.url);
  },
);

testWithTool(CHROMIUM, "WebTransport: a stop drains the session, then closes it", async () => {
  await using meeting = await Meeting.start();
  const { session } = await meeting.open();
  const stopped = meeting.server.shutdown();
  await soon(session.draining, "the drain");
  session.close({ closeCode: 1, reason: "The server stops" });
  const closed = await meeting.run("return await transport.closed;");
  assert.deepEqual(closed, { closeCode: 1, reason: "The server stops" });
  await soon(stopped, "the stop");
});

testWithTool(CHROMIUM, "WebTransport: a stop closes sessions that go on", async () => {
  await using meeting = await Meeting.start();
  await meeting.open();
  const [closed] = await Promise.all([
    meeting.run("return await transport.closed;"),
    meeting.server.shutdown(),
  ]);
  assert.equal((closed as { closeCode: number }).closeCode, 0);
});

/** Gives back what every stream in both directions brings. */
async function echoAll({ incomingBidirectionalStreams }: Arrival["session"]): Promise<void> {
  for await (const { readable, writable } of incomingBidirectionalStreams) {
    readable.pipeTo(writable);
  }
}

async function first<T>(streams: ReadableStream<T>): Promise<T> {
  const reader = streams.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return value!;
}

async function sum(content: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of content) hash.update(piece);
  return hash.digest("hex");
}
