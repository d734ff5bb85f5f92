/**
 * Attacks on HTTP/2 on one connection each, as clients of low means would do them.
 *
 * @module
 */

import { concat } from "./bytes.ts";
import {
  FLAGS,
  FRAME,
  frame,
  H2Attacker,
  indexedLiteral,
  literal,
  NEWEST,
  requestFields,
  requestFrame,
  setting,
  uint32,
} from "./h2_attacker.ts";

/** An attack. */
export interface H2Attack {
  /** What it is. */
  readonly name: string;
  /** What becomes of it. */
  readonly gets: RegExp;
  /** Does it on a connection that is open, and returns what became of that. */
  run(attacker: H2Attacker): Promise<string>;
  /** Settings to begin with. */
  readonly settings?: readonly Uint8Array[];
}

const CANCEL = 8;
const { END_HEADERS, END_STREAM, ACK } = FLAGS;

/** It is answered: the connection lives. */
const LIVES = /^200$/;

/** The connection is ended with an error of the protocol, which gets lost when it is reset for what is still unread. */
const CALMED = /^(GOAWAY 11|closed)$/;
const ENDED = /^(GOAWAY 1|closed)$/;
const FRAME_SIZE = /^GOAWAY 6$/;
const WINDOW = /^(GOAWAY|RST_STREAM) 3$/;

/** The stream is, the connection lives. */
const RESET = /^RST_STREAM 1$/;
const TOO_LARGE = /^431$/;

/** How often a flood repeats. */
const FLOOD = 20_000;

/** Frames in one write. */
const BATCH = 500;

/** Stream of the request that shows whether the connection still works. */
const LAST_STREAM = 1_000_001;

/** Repeats frames until the server does not take them any more, then sees whether it still answers. */
function flood(
  name: string,
  gets: RegExp,
  make: (turn: number) => Uint8Array,
  { times = FLOOD, first }: { times?: number; first?: Uint8Array } = {},
): H2Attack {
  return {
    name,
    gets,
    async run(attacker) {
      if (first) await attacker.send(first);
      for (let turn = 0; turn < times && !attacker.over; turn += BATCH) {
        const batch = Array.from({ length: BATCH }, (_, index) => make(turn + index));
        if (!await attacker.send(...batch)) break;
      }
      return await stillWorks(attacker);
    },
  };
}

/** Sends frames, and returns what became of the connection or of stream 1. */
function frames(name: string, gets: RegExp, ...pieces: Uint8Array[]): H2Attack {
  return {
    name,
    gets,
    async run(attacker) {
      await attacker.send(...pieces);
      return await attacker.outcome(1);
    },
  };
}

/** What comes of another request on the connection. */
async function stillWorks(attacker: H2Attacker): Promise<string> {
  await attacker.send(requestFrame(LAST_STREAM));
  return await attacker.outcome(LAST_STREAM);
}

const upload = frame(FRAME.HEADERS, END_HEADERS, 1, requestFields("/echo", "POST"));
const get = (stream: number, path = "/ok") => requestFrame(stream, path);
const fields = (stream: number, flags: number, ...more: Uint8Array[]) =>
  frame(FRAME.HEADERS, flags | END_STREAM, stream, concat([requestFields(), ...more]));

/** What is sent again and again. */
export const H2_FLOODS: readonly H2Attack[] = [
  flood(
    "rapid reset (CVE-2023-44487)",
    CALMED,
    (turn) => concat([get(turn * 2 + 1), frame(FRAME.RST_STREAM, 0, turn * 2 + 1, uint32(CANCEL))]),
  ),
  flood("SETTINGS", LIVES, () => frame(FRAME.SETTINGS, 0, 0)),
  flood(
    "SETTINGS that change the window",
    LIVES,
    (turn) => frame(FRAME.SETTINGS, 0, 0, setting(4, turn % 2 ? 1 : 65_535)),
  ),
  flood("SETTINGS acknowledgements", ENDED, () => frame(FRAME.SETTINGS, ACK, 0)),
  flood("PING", LIVES, () => frame(FRAME.PING, 0, 0, new Uint8Array(8))),
  flood("empty DATA (CVE-2019-9518)", LIVES, () => frame(FRAME.DATA, 0, 1), { first: upload }),
  flood("WINDOW_UPDATE of 1", LIVES, () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1))),
  flood("PRIORITY", LIVES, (turn) => frame(FRAME.PRIORITY, 0, turn * 2 + 1, new Uint8Array(5))),
  flood("unknown frames", LIVES, () => frame(0xbb, 0, 0, new Uint8Array(100))),
  flood(
    "CONTINUATION (CVE-2024-27316)",
    CALMED,
    (turn) => frame(FRAME.CONTINUATION, 0, 1, literal(`x-${turn}`, "x".repeat(100))),
    { first: fields(1, 0), times: 10_000 },
  ),
  flood("empty CONTINUATION", CALMED, () => frame(FRAME.CONTINUATION, 0, 1), {
    first: fields(1, 0),
  }),
  flood(
    "empty HEADERS on new streams (CVE-2019-9516)",
    ENDED,
    (turn) => frame(FRAME.HEADERS, END_HEADERS | END_STREAM, turn * 2 + 1, literal("", "")),
  ),
  flood(
    "requests beyond the streams it may open",
    /^RST_STREAM 7$/,
    (turn) => get(turn * 2 + 1, "/slow"),
    {
      times: 5_000,
    },
  ),
];

const bombValue = "x".repeat(4_000);

/** What is sent once. */
export const H2_FRAMES: readonly H2Attack[] = [
  frames("WINDOW_UPDATE of 0", ENDED, frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0))),
  frames(
    "WINDOW_UPDATE of 0 on a stream",
    ENDED,
    upload,
    frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0)),
  ),
  frames(
    "WINDOW_UPDATE beyond 2^31 - 1",
    WINDOW,
    frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)),
  ),
  frames(
    "a window beyond 2^31 - 1 by SETTINGS",
    ENDED,
    frame(FRAME.SETTINGS, 0, 0, setting(4, 2 ** 31)),
  ),
  frames(
    "a frame size beyond 2^24 - 1 by SETTINGS",
    ENDED,
    frame(FRAME.SETTINGS, 0, 0, setting(5, 2 ** 24)),
  ),
  frames("SETTINGS of five bytes", ENDED, frame(FRAME.SETTINGS, 0, 0, new Uint8Array(5))),
  frames("SETTINGS on a stream", ENDED, frame(FRAME.SETTINGS, 0, 1)),
  frames("PING of seven bytes", ENDED, frame(FRAME.PING, 0, 0, new Uint8Array(7))),
  frames("an even stream", ENDED, get(2)),
  frames("stream 0", ENDED, get(0)),
  frames("a stream below the last one", ENDED, concat([get(5), get(3)])),
  frames("DATA on a stream that is idle", ENDED, frame(FRAME.DATA, 0, 1)),
  frames(
    "RST_STREAM on a stream that is idle",
    ENDED,
    frame(FRAME.RST_STREAM, 0, 1, uint32(CANCEL)),
  ),
  frames("CONTINUATION of nothing", ENDED, frame(FRAME.CONTINUATION, END_HEADERS, 1)),
  frames(
    "another frame among CONTINUATION",
    ENDED,
    fields(1, 0),
    frame(FRAME.PING, 0, 0, new Uint8Array(8)),
  ),
  frames(
    "PUSH_PROMISE",
    ENDED,
    frame(FRAME.PUSH_PROMISE, END_HEADERS, 1, concat([uint32(2), requestFields()])),
  ),
  frames("a frame beyond the size", FRAME_SIZE, frame(0xbb, 0, 0, new Uint8Array(16_385))),
  frames(
    "DATA beyond the window",
    WINDOW,
    upload,
    ...Array.from({ length: 80 }, () => frame(FRAME.DATA, 0, 1, new Uint8Array(16_384))),
  ),
  frames(
    "an index that is not in the table",
    ENDED,
    frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, new Uint8Array([0xff, 0x80, 0x10])),
  ),
  frames(
    "a stream that depends on itself",
    RESET,
    frame(FRAME.PRIORITY, 0, 1, concat([uint32(1), new Uint8Array(1)])),
    get(1),
  ),
  frames(
    "no :path",
    RESET,
    frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, literal(":method", "GET")),
  ),
  frames(
    "a pseudo field behind others",
    RESET,
    fields(1, END_HEADERS, literal("x", "y"), literal(":path", "/")),
  ),
  frames("a field in capitals", ENDED, fields(1, END_HEADERS, literal("X-A", "y"))),
  frames("CR LF in a value", ENDED, fields(1, END_HEADERS, literal("x", "a\r\nx-b: c"))),
  frames(
    "Transfer-Encoding",
    RESET,
    fields(1, END_HEADERS, literal("transfer-encoding", "chunked")),
  ),
  frames("Connection", RESET, fields(1, END_HEADERS, literal("connection", "close"))),
  frames(
    "less content than Content-Length",
    RESET,
    frame(
      FRAME.HEADERS,
      END_HEADERS | END_STREAM,
      1,
      concat([requestFields("/echo", "POST"), literal("content-length", "5")]),
    ),
  ),
  frames(
    "more content than Content-Length",
    RESET,
    frame(
      FRAME.HEADERS,
      END_HEADERS,
      1,
      concat([requestFields("/echo", "POST"), literal("content-length", "1")]),
    ),
    frame(FRAME.DATA, END_STREAM, 1, new Uint8Array(5)),
  ),
  frames(
    "extended CONNECT",
    RESET,
    frame(
      FRAME.HEADERS,
      END_HEADERS,
      1,
      concat([requestFields("/ok", "CONNECT"), literal(":protocol", "websocket")]),
    ),
  ),
  frames(
    "a field of 17000 bytes",
    TOO_LARGE,
    frame(
      FRAME.HEADERS,
      END_STREAM,
      1,
      concat([requestFields(), literal("x", "x".repeat(16_000))]),
    ),
    frame(FRAME.CONTINUATION, END_HEADERS, 1, literal("y", "y".repeat(1000))),
  ),
  frames(
    "an HPACK bomb: 4 KB a hundred times by reference",
    TOO_LARGE,
    fields(1, END_HEADERS, indexedLiteral("x", bombValue), new Uint8Array(100).fill(NEWEST)),
  ),
  frames(
    "an HPACK bomb: 4 KB ten thousand times by reference",
    TOO_LARGE,
    fields(1, END_HEADERS, indexedLiteral("x", bombValue), new Uint8Array(10_000).fill(NEWEST)),
  ),
  {
    name: "GOAWAY, and on as if nothing was said",
    gets: /^GOAWAY 0$/,
    async run(attacker) {
      await attacker.send(get(1), frame(FRAME.GOAWAY, 0, 0, new Uint8Array(8)));
      await attacker.until(() => attacker.statuses.has(1), "the response");
      await attacker.send(get(3));
      return await attacker.outcome(3);
    },
  },
];

/** Asks for much on every stream, and never lets the server send it. @returns the connection, which goes on like that. */
export async function closeWindows(url: string): Promise<H2Attacker> {
  const attacker = await H2Attacker.open(url, setting(4, 0));
  for (let stream = 1; stream < 200; stream += 2) await attacker.send(get(stream, "/stream"));
  await attacker.until(() => attacker.statuses.size === 100, "the heads of the responses");
  return attacker;
}

/** Opens a connection and does the attack on it. */
export async function attackH2(url: string, { run, settings = [] }: H2Attack): Promise<string> {
  using attacker = await H2Attacker.open(url, ...settings);
  return await run(attacker);
}
