import assert from "node:assert/strict";
import { DisconnectError } from "../../src/errors.ts";
import { DeadlineClock } from "../../src/protocol/deadline_clock.ts";
import { watchContent } from "../../src/protocol/request_content_watch.ts";
import { withDeadline } from "../_support/deadline.ts";
import { RawClient } from "../_support/raw_client.ts";
import { pause } from "../_support/waiting.ts";

/** Ways of reading the content of a request, each to text. */
const WAYS: Readonly<Record<string, (request: Request) => Promise<string>>> = {
  text: (request) => request.text(),
  json: async (request) => String(await request.json()),
  bytes: async (request) => new TextDecoder().decode(await request.bytes()),
  body: (request) => new Response(request.body).text(),
  "a clone": (request) => request.clone().text(),
  "another request": (request) => new Request("http://localhost/", request).text(),
};

for (const [name, read] of Object.entries(WAYS)) {
  Deno.test(`watchContent() leaves content alone that comes in, read by ${name}`, async () => {
    await using server = serve(read, 60_000);
    assert.equal(await post(server.url, new Blob(["12345"]).stream()), "12345");
    assert.equal(await post(server.url, "12345"), "12345");
    assert.deepEqual(server.stalled, []);
  });

  Deno.test(`watchContent() has a reader by ${name} fail when content does not come in`, async () => {
    await using server = serve(read, 100);
    const open = Promise.withResolvers<void>();
    const content = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("12")),
      cancel: () => open.resolve(),
    });
    assert.match(
      await post(server.url, content),
      /^ReadTimeoutError: The client sent nothing of the request content for 0.1 s/,
    );
    assert.deepEqual(server.stalled, ["/"]);
  });
}

Deno.test("watchContent() gives content no more time for a large length that is only declared", async () => {
  await using server = serve((request) => request.text(), 100);
  assert.match(
    await declare(server.url, 1_000_000_000),
    /ReadTimeoutError: The client sent nothing/,
  );
});

Deno.test("watchContent() goes on to wait for content that the application tries to read twice", async () => {
  const twice = async (request: Request) => {
    const first = request.text();
    await assert.rejects(request.text(), TypeError);
    return await first;
  };
  await using server = serve(twice, 100);
  assert.match(await declare(server.url, 10), /ReadTimeoutError: The client sent nothing/);
});

/** Sends two bytes of a content of `length`, and returns the answer. */
async function declare(url: string, length: number): Promise<string> {
  using client = await RawClient.connect(url);
  await client.send(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\nab`);
  return await withDeadline(client.readUntil("(read_timeout)"), "an answer");
}

Deno.test("watchContent() gives a request that nobody reads any time, and one without content", async () => {
  const answerLater = async () => {
    await pause(300);
    return "unread";
  };
  await using server = serve(answerLater, 100);
  assert.equal(await post(server.url, "content"), "unread");
  assert.equal(await (await fetch(server.url)).text(), "unread");
  assert.deepEqual(server.stalled, []);
});

function post(url: string, body: BodyInit): Promise<string> {
  const answer = fetch(url, { method: "POST", body }).then((response) => response.text());
  return withDeadline(answer, "an answer");
}

interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Paths of requests that stalled. */
  readonly stalled: string[];
}

function serve(read: (request: Request) => Promise<string>, milliseconds: number): TestServer {
  const stalled: string[] = [];
  const clock = new DeadlineClock();
  const handle = async (request: Request) => {
    const { pathname } = new URL(request.url);
    const limits = { clock, readMs: milliseconds, bodySize: null };
    watchContent(request, limits, () => stalled.push(pathname));
    try {
      return new Response(await read(request));
    } catch (error) {
      assert.ok(error instanceof DisconnectError);
      return new Response(String(error));
    }
  };
  const abort = new AbortController();
  const { signal } = abort;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, signal, onListen() {} }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    stalled,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await server.finished;
    },
  };
}
