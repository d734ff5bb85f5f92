import assert from "node:assert/strict";
import fc from "fast-check";
import { Budget } from "../../src/h3/budget.ts";
import { ControlStream } from "../../src/h3/control_stream.ts";
import { H3 } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { greaseId } from "../../src/h3/grease.ts";
import { MAX_CONTROL_PAYLOAD_BYTES, ODDITY_BURST } from "../../src/h3/limits.ts";
import type { PriorityUpdate } from "../../src/h3/priority.ts";
import { decodeSettings } from "../../src/h3/settings.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";
import {
  assertConnectionError,
  assertOnlyH3Error,
  EMPTY_SETTINGS,
  frame,
  priorityUpdate,
  splits,
} from "./peer_support.ts";

const GREASE = greaseId(0.5);
const LARGEST_ID = Uint8Array.fromHex("fffffffffffffffc");
const NO_SETTINGS = decodeSettings(new Uint8Array(0));

/** What a control stream told, in order. */
interface Heard {
  readonly events: unknown[];
  readonly settings: unknown[];
  readonly priorities: PriorityUpdate[];
}

const ACCEPTED: readonly {
  readonly name: string;
  readonly frames: readonly Uint8Array[];
  readonly events: readonly unknown[];
  readonly priorities?: readonly PriorityUpdate[];
}[] = [
  { name: "nothing", frames: [], events: [] },
  {
    name: "SETTINGS",
    frames: [frame(FRAME.SETTINGS, 0x01, 4096)],
    events: [{ type: "settings", settings: { ...NO_SETTINGS, qpackMaxTableCapacity: 4096 } }],
  },
  {
    name: "unknown frames after SETTINGS, of any size",
    frames: [EMPTY_SETTINGS, encodeFrame(GREASE, new Uint8Array(2000)), frame(0x0c)],
    events: [{ type: "settings", settings: NO_SETTINGS }],
  },
  {
    name: "GOAWAY ids that stay or shrink",
    frames: [
      EMPTY_SETTINGS,
      encodeFrame(FRAME.GOAWAY, LARGEST_ID),
      frame(FRAME.GOAWAY, 5),
      frame(FRAME.GOAWAY, 5),
      frame(FRAME.GOAWAY, 0),
    ],
    events: [
      { type: "settings", settings: NO_SETTINGS },
      { type: "goaway", id: Number.MAX_SAFE_INTEGER },
      { type: "goaway", id: 5 },
      { type: "goaway", id: 5 },
      { type: "goaway", id: 0 },
    ],
  },
  {
    name: "MAX_PUSH_ID that stays or grows",
    frames: [
      EMPTY_SETTINGS,
      frame(FRAME.MAX_PUSH_ID, 0),
      frame(FRAME.MAX_PUSH_ID, 0),
      frame(FRAME.MAX_PUSH_ID, 9),
    ],
    events: [{ type: "settings", settings: NO_SETTINGS }],
  },
  {
    name: "PRIORITY_UPDATE for an open request and for one yet to come",
    frames: [
      EMPTY_SETTINGS,
      priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 0, "u=1"),
      priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 36, "i"),
    ],
    events: [
      { type: "settings", settings: NO_SETTINGS },
      { type: "priority", streamId: 0, priority: { urgency: 1, incremental: false } },
    ],
    priorities: [
      { streamId: 0, priority: { urgency: 1, incremental: false } },
      { streamId: 36, priority: { urgency: 3, incremental: true } },
    ],
  },
];
for (const { name, frames, events, priorities = [] } of ACCEPTED) {
  Deno.test(`ControlStream accepts ${name}`, () => {
    for (const { name, chunks } of splits(concat(frames))) {
      const heard = play(chunks);
      assert.deepEqual(heard.events, events, name);
      assert.deepEqual(heard.priorities, priorities, name);
    }
  });
}

const HEADERS = frame(FRAME.HEADERS, 0, 0);
const TOO_LARGE = new Uint8Array(MAX_CONTROL_PAYLOAD_BYTES + 1);

const REFUSED: readonly [why: string, code: number, ...frames: Uint8Array[]][] = [
  // RFC 9114 §6.2.1
  ["GOAWAY before SETTINGS", H3.MISSING_SETTINGS, frame(FRAME.GOAWAY, 0)],
  ["MAX_PUSH_ID before SETTINGS", H3.MISSING_SETTINGS, frame(FRAME.MAX_PUSH_ID, 0)],
  ["CANCEL_PUSH before SETTINGS", H3.MISSING_SETTINGS, frame(FRAME.CANCEL_PUSH, 0)],
  [
    "PRIORITY_UPDATE before SETTINGS",
    H3.MISSING_SETTINGS,
    priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 0, ""),
  ],
  ["HEADERS before SETTINGS", H3.MISSING_SETTINGS, HEADERS],
  ["DATA before SETTINGS", H3.MISSING_SETTINGS, frame(FRAME.DATA)],
  ["GREASE before SETTINGS", H3.MISSING_SETTINGS, frame(GREASE)],
  // RFC 9114 §7.2
  ["a second SETTINGS", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, EMPTY_SETTINGS],
  ["DATA", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, frame(FRAME.DATA)],
  ["HEADERS", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, HEADERS],
  ["PUSH_PROMISE", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, frame(FRAME.PUSH_PROMISE, 0, 0, 0)],
  ["PRIORITY of HTTP/2", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, frame(0x02)],
  ["PING of HTTP/2", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, frame(0x06)],
  ["WINDOW_UPDATE of HTTP/2", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, frame(0x08)],
  ["CONTINUATION of HTTP/2", H3.FRAME_UNEXPECTED, EMPTY_SETTINGS, frame(0x09)],
  ["a setting reserved by HTTP/2", H3.SETTINGS_ERROR, frame(FRAME.SETTINGS, 0x02, 0)],
  [
    "a GOAWAY id that grows",
    H3.ID_ERROR,
    EMPTY_SETTINGS,
    frame(FRAME.GOAWAY, 4),
    frame(FRAME.GOAWAY, 5),
  ],
  [
    "a MAX_PUSH_ID that shrinks",
    H3.ID_ERROR,
    EMPTY_SETTINGS,
    frame(FRAME.MAX_PUSH_ID, 4),
    frame(FRAME.MAX_PUSH_ID, 3),
  ],
  ["CANCEL_PUSH beyond MAX_PUSH_ID", H3.ID_ERROR, EMPTY_SETTINGS, frame(FRAME.CANCEL_PUSH, 0)],
  [
    "CANCEL_PUSH of a push that was not promised",
    H3.ID_ERROR,
    EMPTY_SETTINGS,
    frame(FRAME.MAX_PUSH_ID, 4),
    frame(FRAME.CANCEL_PUSH, 0),
  ],
  [
    "PRIORITY_UPDATE for a stream that is no request",
    H3.ID_ERROR,
    EMPTY_SETTINGS,
    priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 2, "u=1"),
  ],
  [
    "PRIORITY_UPDATE for a stream beyond the limit",
    H3.ID_ERROR,
    EMPTY_SETTINGS,
    priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 40, "u=1"),
  ],
  [
    "PRIORITY_UPDATE for a push",
    H3.ID_ERROR,
    EMPTY_SETTINGS,
    priorityUpdate(FRAME.PRIORITY_UPDATE_PUSH, 0, "u=1"),
  ],
  // RFC 9114 §7.1
  ["SETTINGS that end inside a setting", H3.FRAME_ERROR, frame(FRAME.SETTINGS, 0x01)],
  ["GOAWAY without an id", H3.FRAME_ERROR, EMPTY_SETTINGS, frame(FRAME.GOAWAY)],
  ["GOAWAY with more than an id", H3.FRAME_ERROR, EMPTY_SETTINGS, frame(FRAME.GOAWAY, 1, 2)],
  ["MAX_PUSH_ID without an id", H3.FRAME_ERROR, EMPTY_SETTINGS, frame(FRAME.MAX_PUSH_ID)],
  [
    "MAX_PUSH_ID with more than an id",
    H3.FRAME_ERROR,
    EMPTY_SETTINGS,
    frame(FRAME.MAX_PUSH_ID, 1, 2),
  ],
  ["CANCEL_PUSH without an id", H3.FRAME_ERROR, EMPTY_SETTINGS, frame(FRAME.CANCEL_PUSH)],
  [
    "PRIORITY_UPDATE without an id",
    H3.FRAME_ERROR,
    EMPTY_SETTINGS,
    frame(FRAME.PRIORITY_UPDATE_REQUEST),
  ],
  // Ours
  ["SETTINGS that are too large", H3.EXCESSIVE_LOAD, encodeFrame(FRAME.SETTINGS, TOO_LARGE)],
  [
    "GOAWAY that is too large",
    H3.EXCESSIVE_LOAD,
    EMPTY_SETTINGS,
    encodeFrame(FRAME.GOAWAY, TOO_LARGE),
  ],
  [
    "MAX_PUSH_ID that is too large",
    H3.EXCESSIVE_LOAD,
    EMPTY_SETTINGS,
    encodeFrame(FRAME.MAX_PUSH_ID, TOO_LARGE),
  ],
  [
    "CANCEL_PUSH that is too large",
    H3.EXCESSIVE_LOAD,
    EMPTY_SETTINGS,
    encodeFrame(FRAME.CANCEL_PUSH, TOO_LARGE),
  ],
  [
    "PRIORITY_UPDATE that is too large",
    H3.EXCESSIVE_LOAD,
    EMPTY_SETTINGS,
    encodeFrame(FRAME.PRIORITY_UPDATE_REQUEST, TOO_LARGE),
  ],
];
for (const [why, code, ...frames] of REFUSED) {
  Deno.test(`ControlStream refuses ${why} with ${nameOf(code)}`, () => {
    for (const { name, chunks } of splits(concat(frames))) {
      assertConnectionError(() => play(chunks), code, name);
    }
  });
}

Deno.test("ControlStream refuses a frame upon its header, without waiting for its payload", () => {
  const header = (type: number, length: number) => encodeVarints(type, length);
  assertConnectionError(() => play([header(FRAME.HEADERS, 2 ** 40)]), H3.MISSING_SETTINGS);
  assertConnectionError(() => play([header(FRAME.SETTINGS, 257)]), H3.EXCESSIVE_LOAD);
  assertConnectionError(() => play([EMPTY_SETTINGS, header(FRAME.DATA, 9)]), H3.FRAME_UNEXPECTED);
});

Deno.test("ControlStream accepts the largest payload that is allowed", () => {
  const setting = encodeVarints(0x4000_0000, 0x4000_0000); // 16 bytes
  const settings = Array.from(
    { length: 16 },
    (_, n) => n === 0 ? setting : encodeVarints(0x4000_0000 + n, 0x4000_0000),
  );
  const { events } = play([encodeFrame(FRAME.SETTINGS, concat(settings))]);
  assert.equal(concat(settings).length, MAX_CONTROL_PAYLOAD_BYTES);
  assert.equal(events.length, 1);
});

const FLOODS: readonly [what: string, bytes: Uint8Array][] = [
  ["unknown frames", frame(GREASE)],
  ["GOAWAY frames", frame(FRAME.GOAWAY, 0)],
  ["MAX_PUSH_ID frames", frame(FRAME.MAX_PUSH_ID, 0)],
];
for (const [what, bytes] of FLOODS) {
  Deno.test(`ControlStream refuses a flood of ${what} with H3_EXCESSIVE_LOAD`, () => {
    const flood = (count: number) => concat(Array.from({ length: count }, () => bytes));
    play([EMPTY_SETTINGS, flood(ODDITY_BURST)]);
    assertConnectionError(() => play([EMPTY_SETTINGS, flood(ODDITY_BURST + 1)]), H3.EXCESSIVE_LOAD);
  });
}

Deno.test("property: ControlStream makes of random frames the same events or the same error, however split", () => {
  const types = fc.constantFrom(...Object.values(FRAME), GREASE, 0x02);
  const frames = fc.array(fc.tuple(types, fc.uint8Array({ maxLength: 6 })), { maxLength: 6 });
  fc.assert(fc.property(frames, fc.boolean(), (list, settings) => {
    const bytes = concat([
      ...(settings ? [EMPTY_SETTINGS] : []),
      ...list.map(([type, payload]) => encodeFrame(type, payload)),
    ]);
    const outcomes = splits(bytes).map(({ chunks }) => outcome(chunks));
    for (const other of outcomes) assert.deepEqual(other, outcomes[0]);
  }));
});

Deno.test("property: ControlStream throws nothing but H3Error on random bytes", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assertOnlyH3Error(() => play([bytes]));
    assertOnlyH3Error(() => play([EMPTY_SETTINGS, bytes]));
  }));
});

/** What comes of chunks on a control stream, where stream 0 is open and streams up to 36 may be. */
function play(
  chunks: readonly Uint8Array[],
  heard: Heard = { events: [], settings: [], priorities: [] },
): Heard {
  const control = new ControlStream({
    budget: new Budget(),
    webTransport: false,
    streamLimit: () => 10,
    configure: (settings) => void heard.settings.push(settings),
    prioritize(update) {
      heard.priorities.push(update);
      return update.streamId === 0;
    },
  });
  for (const chunk of chunks) heard.events.push(...control.receive(chunk));
  return heard;
}

function outcome(chunks: readonly Uint8Array[]): unknown {
  const heard: Heard = { events: [], settings: [], priorities: [] };
  try {
    play(chunks, heard);
    return heard;
  } catch (error) {
    // Events of one call are lost with its error, so they depend on the split; the rest does not.
    return { ...heard, events: null, code: (error as { code: number }).code };
  }
}

function nameOf(code: number): string {
  return `H3_${Object.entries(H3).find(([, value]) => value === code)![0]}`;
}
