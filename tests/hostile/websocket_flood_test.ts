/**
 * Floods: messages, pings, handshakes, clients that vanish. Others are served meanwhile, and all is released afterwards.
 *
 * @module
 */

import assert from "node:assert/strict";
import { concat } from "../_support/bytes.ts";
import { eventually } from "../_support/waiting.ts";
import { ECHO, WEBSOCKET_FORMS, webSocketApplication } from "../_support/websocket_app.ts";
import {
  connectTo,
  encodeFrame,
  handshakeRequest,
  OP,
  WebSocketClient,
} from "../_support/websocket_client.ts";
import { type Victim, victim, WAYS } from "./websocket_servers.ts";

/** A client that sends and expects echoes as long as the block lasts. */
class Bystander implements AsyncDisposable {
  readonly #done: Promise<void>;
  #served = 0;
  #over = false;

  constructor(client: WebSocketClient) {
    this.#done = this.#run(client);
  }

  static async start(server: Victim): Promise<Bystander> {
    return new Bystander(await WebSocketClient.open(server.url, { target: "/echo" }));
  }

  /** Waits for a number of echoes. */
  served(count = 3): Promise<void> {
    const goal = this.#served + count;
    return eventually(() => this.#served >= goal, "echoes for another client");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#done;
  }

  async #run(client: WebSocketClient): Promise<void> {
    using _client = client;
    while (!this.#over) {
      await client.send("alive");
      assert.equal(await client.message(), "alive");
      this.#served++;
    }
    await client.close(1000);
    assert.equal((await client.next())?.opcode, OP.close);
    await client.ended();
  }
}

function repeat(frame: Uint8Array, count: number): Uint8Array {
  return concat(Array.from({ length: count }, () => frame));
}

const FLOODS = [
  { name: "empty messages", batch: repeat(encodeFrame(OP.text), 5000), batches: 20 },
  { name: "messages of a byte", batch: repeat(encodeFrame(OP.binary, "x"), 5000), batches: 20 },
  { name: "pings", batch: repeat(encodeFrame(OP.ping, "x".repeat(125)), 1000), batches: 20 },
  { name: "pongs", batch: repeat(encodeFrame(OP.pong, "x"), 5000), batches: 20 },
  {
    name: "empty fragments",
    batch: concat([
      encodeFrame(OP.text, "", { fin: false }),
      repeat(encodeFrame(OP.continuation, "", { fin: false }), 5000),
      encodeFrame(OP.continuation),
    ]),
    batches: 20,
  },
  {
    name: "messages of 64 KiB",
    batch: repeat(encodeFrame(OP.binary, new Uint8Array(65_536)), 16),
    batches: 20,
  },
];

for (const way of WAYS) {
  for (const form of WEBSOCKET_FORMS) {
    Deno.test(`${way.name}, ${form}: others are served through floods of frames, and nothing is left of them`, async (t) => {
      const application = webSocketApplication(form, {
        message: (data, socket) => data === "alive" ? socket.send(data) : undefined,
      });
      await using server = await victim(application, way, { maxMessageSize: 65_536 });
      {
        await using other = await Bystander.start(server);
        for (const { name, batch, batches } of FLOODS) {
          await t.step(name, async () => {
            using attacker = await WebSocketClient.open(server.url);
            for (let i = 0; i < batches; i++) await attacker.raw(batch);
            await other.served();
            // It is still a client as any other.
            await attacker.send("alive");
            let answer = await attacker.next();
            while (answer?.opcode === OP.pong) answer = await attacker.next();
            assert.equal(new TextDecoder().decode(answer?.payload), "alive");
          });
        }
      }
      await server.released();
      assert.deepEqual(server.log.lines, []);
    });
  }

  // Over TLS a client of this runtime cannot give up a write that waits.
  const ignore = way.secure;
  Deno.test(
    `${way.name}: a client that pings and does not read is not read either`,
    { ignore },
    async () => {
      await using server = await victim(webSocketApplication("ASGI", ECHO), way);
      {
        await using other = await Bystander.start(server);
        using attacker = await WebSocketClient.open(server.url);
        const batch = repeat(encodeFrame(OP.ping, "x".repeat(125)), 8000);
        let sent = 0;
        const flood = (async () => {
          for (; sent < 64; sent++) await attacker.raw(batch);
        })().catch(() => {}); // the end of the connection
        await other.served(50);
        attacker[Symbol.dispose]();
        await flood;
        assert.ok(sent < 64, "the system's buffers hold less than 64 MB");
      }
      await server.released();
    },
  );

  Deno.test(`${way.name}: clients that vanish at every point of the handshake leave nothing behind`, async () => {
    await using server = await victim(webSocketApplication("fetch short cut", ECHO), way);
    const request = handshakeRequest({ ahead: encodeFrame(OP.text, "x") });
    {
      await using other = await Bystander.start(server);
      for (let cut = 0; cut <= request.length; cut += 7) {
        const conn = await connectTo(server.url);
        await conn.write(request.subarray(0, cut));
        conn.close();
      }
      const late = await Promise.all(
        Array.from({ length: 50 }, () => WebSocketClient.open(server.url)),
      );
      for (const client of late) client[Symbol.dispose]();
      await other.served();
    }
    await server.released();
    assert.deepEqual(server.log.matching("ERROR"), []);
  });
}

Deno.test("guarded ws: ten thousand handshakes, a hundred at once, leave nothing behind", async () => {
  const way = WAYS[2]!;
  await using server = await victim(webSocketApplication("fetch short cut", ECHO), way);
  {
    await using other = await Bystander.start(server);
    const attack = async () => {
      for (let i = 0; i < 100; i++) {
        using client = await WebSocketClient.open(server.url);
        if (i % 2 === 0) await client.close();
      }
    };
    await Promise.all(Array.from({ length: 100 }, attack));
    await other.served();
  }
  await server.released();
  assert.deepEqual(server.log.matching("ERROR"), []);
});

Deno.test("guarded ws: WebSockets count against the caps, and make room when they end", async () => {
  const limits = { total: 10, perClient: 4 };
  const application = webSocketApplication("ASGI", ECHO);
  await using server = await victim(application, WAYS[2]!, { limits });
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => WebSocketClient.open(server.url)),
  );
  await assert.rejects(WebSocketClient.open(server.url));
  assert.equal(server.connections, 4);
  for (const client of clients) {
    await client.send("alive");
    assert.equal(await client.message(), "alive");
    client[Symbol.dispose]();
  }
  await server.released();
  using again = await WebSocketClient.open(server.url);
  await again.send("alive");
  assert.equal(await again.message(), "alive");
});
