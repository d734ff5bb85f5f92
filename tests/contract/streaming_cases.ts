/**
 * The contract about time: streams, back-pressure, early answers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ClientExchange, readResponse, request } from "../_support/client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { standstill } from "../_support/waiting.ts";
import { type Case, readsContentFirst, type Variant } from "./exchange_suite.ts";

/** More than all buffers between two ends that do not move (about 4 MB on HTTP/1.1), far less than "no limit". */
const BUFFERS = 40 * 1024 * 1024;

const PIECE = new Uint8Array(65536);

async function readText(exchange: ClientExchange, length: number): Promise<string> {
  let text = "";
  while (text.length < length) {
    const piece = await exchange.read();
    if (piece === null) break;
    text += new TextDecoder().decode(piece);
  }
  return text;
}

/** The cases. */
export const STREAMING_CASES: readonly Case[] = [
  {
    name: "content goes both ways at once, piece by piece",
    skip: readsContentFirst,
    run: async ({ client }) => {
      await using exchange = await client.open({
        method: "POST",
        target: "/pump",
        content: "open",
      });
      for (const word of ["one", "three", "four!"]) {
        await exchange.send(word);
        assert.equal(await readText(exchange, word.length), word);
      }
      await exchange.finish();
      assert.equal(await exchange.read(), null);
    },
  },
  {
    name: "an answer before the content was read arrives",
    skip: (variant) => readsContentFirst(variant) ?? losesEarlyAnswers(variant),
    run: async ({ client }) => {
      await using exchange = await client.open({
        method: "POST",
        target: "/early",
        content: "open",
      });
      await exchange.send("first");
      assert.equal((await exchange.head()).status, 200);
      await exchange.finish();
      assert.equal((await readResponse(exchange)).text, "hello");
    },
  },
  {
    name: "a client that does not read stops the producer, and goes on",
    waits: true,
    run: async ({ client, probe }) => {
      await using exchange = await client.open({ target: "/endless" });
      await exchange.head();
      const stopped = await standstill(() => probe.produced);
      assert.ok(stopped * PIECE.length < BUFFERS, `produced ${stopped} pieces for nobody`);
      while (probe.produced === stopped) assert.ok(await exchange.read());
      await exchange.leave();
      await withDeadline(probe.stopped, "the application's stop");
    },
  },
  {
    name: "content that is not read stops the client, and goes on",
    waits: true,
    skip: readsContentFirst,
    run: async ({ client, probe }) => {
      await using exchange = await client.open({
        method: "POST",
        target: "/gate",
        content: "open",
      });
      let sent = 0;
      let stop = false;
      const sending = (async () => {
        while (!stop) {
          await exchange.send(PIECE);
          sent += PIECE.length;
        }
        await exchange.finish();
      })();
      await withDeadline(probe.called, "the call of the application");
      const stopped = await standstill(() => sent);
      assert.ok(stopped < BUFFERS, `${stopped} bytes were taken for nobody`);
      stop = true;
      probe.open();
      await withDeadline(sending, "the end of the upload");
      assert.equal((await readResponse(exchange)).text, String(sent));
    },
  },
  {
    name: "requests on one client at the same time are answered each",
    run: async ({ client }) => {
      const targets = ["/flat/10", "/stream/3", "/flat/100000", "/status/404", "/declared/2"];
      const responses = await Promise.all(targets.map((target) => request(client, { target })));
      assert.deepEqual(
        responses.map(({ status, content }) => [status, content.length]),
        [[200, 10], [200, 30], [200, 100_000], [404, 0], [200, 20]],
      );
    },
  },
];

/** What nghttp and fetch show to arrive: HEADERS, DATA, then RST_STREAM with NO_ERROR (RFC 9113 §8.1). */
export function losesEarlyAnswers({ transport }: Variant): string | undefined {
  return transport.tool === "curl" && transport.version === "2"
    ? "curl 7.88 drops an answer that is followed by RST_STREAM(NO_ERROR)"
    : undefined;
}
