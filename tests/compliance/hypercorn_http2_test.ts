/** HTTP/2 features of Hypercorn's list, frame by frame: limits, flow control, refused streams, graceful stop. */

import assert from "node:assert/strict";
import { type ASGIFramework, type Server, start } from "../../mod.ts";
import { RawConnection } from "../_support/raw_http.ts";
import { eventually } from "../_support/waiting.ts";
import {
  codeOf,
  contentOf,
  ends,
  FLAG,
  type Frame,
  H2Wire,
  SETTING,
  settingsOf,
  TYPE,
} from "./hypercorn_h2_wire.ts";

const [NO_ERROR, FRAME_SIZE_ERROR, REFUSED_STREAM, ENHANCE_YOUR_CALM] = [0, 6, 7, 11];

/** An application whose `/held` answers when told, `/drain` after the content, all else at once. */
class Held {
  readonly #release = Promise.withResolvers<void>();
  waiting = 0;

  release(): void {
    this.#release.resolve();
  }

  readonly app: ASGIFramework = async (scope, receive, send) => {
    if (scope.type !== "http") return;
    if (scope.path === "/held") {
      this.waiting++;
      await this.#release.promise;
    }
    if (scope.path === "/drain") {
      for (;;) {
        const event = await receive();
        if (event.type !== "http.request" || !event.more_body) break;
      }
    }
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: `from ${scope.path}` });
  };
}

/** Plays `talk` with a client of a server that is over afterwards. */
async function withServer(
  talk: (wire: H2Wire, held: Held, server: Server) => Promise<void>,
): Promise<void> {
  const held = new Held();
  await using server = await start(held.app, {
    bind: "127.0.0.1:0",
    gracefulTimeout: 10,
    errorlog: null,
  });
  using wire = await H2Wire.open(server.binds[0]!.url);
  try {
    await talk(wire, held, server);
  } finally {
    held.release();
  }
}

const isAcknowledgement = ({ type, flags }: Frame) =>
  type === TYPE.SETTINGS && (flags & FLAG.ACK) !== 0;
const isGoaway = ({ type }: Frame) => type === TYPE.GOAWAY;

Deno.test("HTTP/2 announces limits on streams, frames and field sections", () =>
  withServer(async (wire) => {
    const settings = settingsOf(await wire.until(isAcknowledgement));
    for (const setting of Object.values(SETTING)) {
      assert.ok(settings.get(setting)! <= 65_536, `setting ${setting}`);
    }
  }));

Deno.test("HTTP/2 refuses streams beyond its limit, and serves those within", () =>
  withServer(async (wire, held) => {
    const limit = settingsOf(await wire.until(isAcknowledgement)).get(
      SETTING.MAX_CONCURRENT_STREAMS,
    )!;
    for (let i = 0; i <= limit; i++) await wire.request(1 + 2 * i, "/held");
    const refused = (await wire.until(({ type }) => type === TYPE.RST_STREAM)).at(-1)!;
    assert.deepEqual([refused.stream, codeOf(refused)], [1 + 2 * limit, REFUSED_STREAM]);
    await eventually(() => held.waiting === limit, "the requests within the limit");
    held.release();
    await wire.until(ends(2 * limit - 1));
  }));

Deno.test("HTTP/2 ends a connection with FRAME_SIZE_ERROR for a frame beyond the limit", () =>
  withServer(async (wire) => {
    await wire.request(1, "/held", { open: true });
    await wire.send(TYPE.DATA, 0, 1, new Uint8Array(16_385));
    assert.equal(codeOf((await wire.until(isGoaway)).at(-1)!), FRAME_SIZE_ERROR);
  }));

Deno.test("HTTP/2 refuses a field section beyond the limit before the application sees it", () =>
  withServer(async (wire, held) => {
    const CONTINUATION = 9;
    const GET = Uint8Array.of(0x82, 0x86, 0x84, 1, 1, 0x68); // method, scheme, path "/", authority "h"
    await wire.send(TYPE.HEADERS, FLAG.END_STREAM, 1, GET);
    const field = Uint8Array.of(0, 1, 0x78, ...new Uint8Array(15_000).fill(0x61));
    const prefix = [0, 1, 0x78, 127, 15_000 - 127 & 127 | 128, 15_000 - 127 >> 7];
    const block = Uint8Array.of(...prefix, ...field.subarray(3));
    const flood = async () => {
      for (let i = 0; i < 40; i++) await wire.send(CONTINUATION, 0, 1, block);
    };
    await flood().catch(() => {}); // the server may close in between
    assert.equal(codeOf((await wire.until(isGoaway)).at(-1)!), ENHANCE_YOUR_CALM);
    assert.equal(held.waiting, 0);
  }));

Deno.test("HTTP/2 content for a request that was answered already harms no other request", () =>
  withServer(async (wire) => {
    await wire.request(1, "/early", { open: true });
    assert.equal(contentOf(await wire.until(ends(1)), 1), "from /early");
    await wire.send(TYPE.DATA, 0, 1, new Uint8Array(1000));
    await wire.send(TYPE.DATA, FLAG.END_STREAM, 1, new Uint8Array(1000));
    await wire.request(3, "/next");
    const frames = await wire.until(ends(3));
    assert.equal(contentOf(frames, 3), "from /next");
    const reset = frames.find(({ type }) => type === TYPE.RST_STREAM)!;
    assert.deepEqual([reset.stream, codeOf(reset)], [1, NO_ERROR]);
  }));

Deno.test("HTTP/2 content that an application does not read holds up no other stream", () =>
  withServer(async (wire) => {
    await wire.until(isAcknowledgement);
    await wire.request(1, "/held", { open: true });
    await wire.until(({ type }) => type === TYPE.WINDOW_UPDATE);
    const piece = new Uint8Array(16_000);
    for (let sent = 0; sent < 1_000_000; sent += piece.length) {
      await wire.send(TYPE.DATA, 0, 1, piece);
    }
    await wire.request(3, "/next");
    assert.equal(contentOf(await wire.until(ends(3)), 3), "from /next");
    await wire.request(5, "/drain", { open: true });
    await wire.send(TYPE.DATA, FLAG.END_STREAM, 5, piece);
    assert.equal(contentOf(await wire.until(ends(5)), 5), "from /drain");
  }));

Deno.test("HTTP/2 malformed requests end their connection or stream, and no other connection", () =>
  withServer(async (wire, _held, server) => {
    for (const name of ["X-Upper", "a b", "connection"]) {
      using peer = await H2Wire.open(server.binds[0]!.url);
      await peer.request(1, "/", { fields: [[name, "x"]] });
      const last = (await peer.until((frame) => ends(1)(frame) || isGoaway(frame))).at(-1)!;
      assert.ok([TYPE.RST_STREAM, TYPE.GOAWAY].some((type) => type === last.type), name);
    }
    await wire.request(1, "/caf\xc3\xa9");
    await wire.until((frame) => ends(1)(frame) || isGoaway(frame));
    using other = await H2Wire.open(server.binds[0]!.url);
    await other.request(1, "/next");
    assert.equal(contentOf(await other.until(ends(1)), 1), "from /next");
  }));

Deno.test("HTTP/2 is told of a stop by GOAWAY, and what was accepted is answered first", () =>
  withServer(async (wire, held, server) => {
    await wire.request(1, "/held");
    await eventually(() => held.waiting === 1, "the request");
    const stopped = server.shutdown();
    assert.equal(codeOf((await wire.until(isGoaway)).at(-1)!), NO_ERROR);
    held.release();
    const frames = await wire.until(() => false);
    assert.equal(contentOf(frames, 1), "from /held");
    await stopped;
  }));

Deno.test("HTTP/2 connections without requests are told of a stop and closed at once", () =>
  withServer(async (wire, _held, server) => {
    await wire.request(1, "/");
    await wire.until(ends(1));
    const [frames] = await Promise.all([wire.until(() => false), server.shutdown()]);
    assert.deepEqual(frames.filter(isGoaway).map(codeOf), [NO_ERROR, NO_ERROR]);
  }));

// Deno's HTTP/2 takes it so, though RFC 9113 §6.8 lets the streams that are open finish.
Deno.test("HTTP/2 is over when its client says GOAWAY, and others are served", () =>
  withServer(async (wire, held, server) => {
    await wire.request(1, "/held");
    await eventually(() => held.waiting === 1, "the request");
    await wire.send(TYPE.GOAWAY, 0, 0, new Uint8Array(8));
    const frames = await wire.until(() => false);
    assert.equal(codeOf(frames.find(isGoaway)!), NO_ERROR);
    assert.equal(contentOf(frames, 1), "");
    using other = await H2Wire.open(server.binds[0]!.url);
    await other.request(1, "/next");
    assert.equal(contentOf(await other.until(ends(1)), 1), "from /next");
  }));

Deno.test("Upgrade: h2c is answered in HTTP/1.1, by the same application", () =>
  withServer(async (_wire, _held, server) => {
    using connection = await RawConnection.open(server.binds[0]!.url);
    await connection.send(
      "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
        "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    );
    const answer = await connection.rest();
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /from \/x$/);
  }));
