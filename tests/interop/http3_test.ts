import assert from "node:assert/strict";
import { BUN_FETCH } from "../_support/bun_client.ts";
import { CHROMIUM } from "../_support/chromium.ts";
import { GTLSCLIENT } from "../_support/gtlsclient.ts";
import { type H3Client, testWithTool } from "../_support/h3_tools.ts";
import { LogSink } from "../_support/log_sink.ts";
import { sumOf } from "../load/content.ts";
import { PAGE, quicPort, startH3 } from "./h3_server.ts";

/** Bytes of a large content: sixteen times what a stream may have in flight. */
const LARGE = 20_000_000;

/** Twice the streams a client may open at once. */
const MANY = 200;

interface Case {
  readonly name: string;
  run(client: H3Client): Promise<void>;
}

const CASES: readonly Case[] = [
  {
    name: "gets a page, and HTTP/3 is what the application sees",
    async run(client) {
      assert.deepEqual(await client.get(["/"]), [PAGE]);
      assert.deepEqual(await client.get(["/version"]), ["3"]);
    },
  },
  {
    name: "downloads 20 MB",
    async run(client) {
      assert.equal(await client.download(`/content?${LARGE}`), sumOf(LARGE));
    },
  },
  {
    name: "uploads 20 MB",
    async run(client) {
      assert.equal(await client.upload("/sum", LARGE), sumOf(LARGE));
    },
  },
  {
    name: "makes 200 requests at once",
    async run(client) {
      const targets = Array.from({ length: MANY }, (_, index) => `/many/${index}`);
      const expected = targets.map((target) => `This is ${target}`);
      assert.deepEqual(await client.get(targets), expected);
    },
  },
];

for (const tool of [GTLSCLIENT, BUN_FETCH, CHROMIUM]) {
  for (const { name, run } of CASES) {
    testWithTool(tool, `HTTP/3: ${tool.name} ${name}`, async () => {
      const log = new LogSink();
      {
        await using server = await startH3(log);
        await using client = await tool.connect(quicPort(server));
        await run(client);
      }
      assert.deepEqual(log.matching("ERROR"), []);
    });
  }
}
