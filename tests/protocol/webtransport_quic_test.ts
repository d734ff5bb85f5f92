/** WebTransport streams on real QUIC, by both back-ends: what the QUIC in memory cannot prove. */

import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { BACKENDS } from "../_support/quic_pair.ts";
import { numbered } from "../_support/quic_steps.ts";
import { eventually, standstill } from "../_support/waiting.ts";
import { WebTransportClient } from "../_support/webtransport_client.ts";
import { HANG_MS } from "../_support/webtransport_stream.ts";
import { WebTransportTarget } from "../_support/webtransport_target.ts";
import { bytesOf } from "./webtransport_peer.ts";

const MEBIBYTE = 1_048_576;

for (const backend of BACKENDS) {
  Deno.test(`WebTransport (${backend}): megabytes come back unchanged, on three streams at once`, async () => {
    await using target = new WebTransportTarget({ backend });
    await using client = await WebTransportClient.connect(target.port);
    const session = await client.open();
    const sent = numbered(2 * MEBIBYTE);
    const echoes = await Promise.all([1, 2, 3].map(async () => {
      const stream = await session.openBidirectional();
      const sending = stream.send(sent).then(() => stream.finish());
      const echo = await stream.readAll();
      await sending;
      return echo;
    }));
    for (const echo of echoes) assert.deepEqual(echo, sent);
    await session.close();
    await target.told("/ clean 0");
    await client.close();
    await target.empties();
  });

  Deno.test(`WebTransport (${backend}): who writes waits for who reads, in both directions`, async () => {
    const taken = { server: 0, client: 0 };
    const read = Promise.withResolvers<void>();
    await using target = new WebTransportTarget({ backend });
    target.session = async (session) => {
      const { receive, send } = (await session.acceptBidirectional())!;
      const chunk = 65_536;
      const writing = (async () => {
        for (; taken.server < 256; taken.server++) await send.write(new Uint8Array(chunk));
        await send.end();
      })();
      await read.promise;
      while (await receive.read() !== null);
      await writing;
      await session.closed;
    };
    await using client = await WebTransportClient.connect(target.port);
    const session = await client.open();
    const stream = await session.openBidirectional();
    const writing = (async () => {
      for (; taken.client < 256; taken.client++) await stream.send(new Uint8Array(65_536));
      stream.finish();
    })();
    assert((await standstill(() => taken.client)) < 128, `${taken.client} writes were taken`);
    assert((await standstill(() => taken.server)) < 128, `${taken.server} writes were taken`);
    read.resolve();
    assert.equal((await stream.readAll()).length, 256 * 65_536);
    await withDeadline(writing, "the end of the client's writing", HANG_MS);
    await session.close();
    await target.told("/ clean 0");
    await client.close();
    await target.empties();
  });

  Deno.test(`WebTransport (${backend}): an aborted stream gets its end when the session is over, not before`, async () => {
    await using target = new WebTransportTarget({ backend });
    target.session = async (session) => {
      const { receive, send } = (await session.acceptBidirectional())!;
      await send.write(bytesOf("half"));
      send.abort();
      receive.stop();
      await session.closed;
    };
    await using client = await WebTransportClient.connect(target.port);
    const session = await client.open();
    const stream = await session.openBidirectional("x");
    assert.equal(await stream.textOf(4), "half");
    let over = false;
    const rest = stream.readAll().then((bytes) => {
      over = true;
      return bytes;
    });
    const other = await client.open({ path: "/other" });
    for (let i = 0; i < 5; i++) assert.equal(await other.ask("alive"), "alive");
    assert.equal(over, false);
    await session.close();
    assert.equal((await rest).length, 0);
    await eventually(() => target.counts().streams === 1, "the end of all but the other session");
    await client.close();
    await target.empties();
  });
}
