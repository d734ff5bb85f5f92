/**
 * Inputs that were made to be slow. Each would take seconds if the time grew with the square of the size.
 */

import assert from "node:assert/strict";
import { parseApplicationName } from "../../src/app/application_name.ts";
import { parseBind } from "../../src/config/bind.ts";
import { Config } from "../../src/config/mod.ts";
import { ConfigError, NoAppError } from "../../src/errors.ts";
import { combineField, type Field, isHost, listMembers } from "../../src/fields.ts";
import { Budget } from "../../src/h3/budget.ts";
import { H3Error } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME, FrameReader } from "../../src/h3/frames.ts";
import { parsePriority } from "../../src/h3/priority.ts";
import { readRequestHead } from "../../src/h3/request_head.ts";
import { RequestStream } from "../../src/h3/request_stream.ts";
import { decodeSettings } from "../../src/h3/settings.ts";
import { readTrailers } from "../../src/h3/trailers.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { userOf } from "../../src/logging/basic_user.ts";
import { jsonText, printable, quotable, unspaced } from "../../src/logging/escape.ts";
import { originOf, readLegacy, readModern } from "../../src/middleware/claims.ts";
import { parseForwarded, parseNode } from "../../src/middleware/forwarded.ts";
import { parseNetwork } from "../../src/middleware/ip_address.ts";
import { TrustedPeers } from "../../src/middleware/trusted.ts";
import { FieldSectionTooLargeError, QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";
import { decodePath, pathOf } from "../../src/request_target.ts";
import { truncateCloseReason } from "../../src/websocket_close.ts";
import { blockedHeaders, INSERT } from "../h3/request_samples.ts";
import { GET } from "../h3/request_lines.ts";
import { newContext } from "../h3/request_support.ts";
import { linesOf } from "../logging/observed.ts";
import { findGrowth } from "./growth.ts";
import { attempt } from "./harness.ts";

/** Calls with an input of a size, by name. */
type Cases = Readonly<Record<string, (size: number) => () => unknown>>;

/** Texts that grow, each given to every function that reads a text of a peer. */
const TEXTS: Readonly<Record<string, (size: number) => string>> = {
  "colons": (size) => ":".repeat(size),
  "an open bracket and colons": (size) => "[" + ":".repeat(size),
  "a bracket and colons, then a zone": (size) => ":".repeat(size) + "%",
  "percent signs": (size) => "%".repeat(size),
  "percent escapes": (size) => "%41".repeat(size / 3),
  "commas": (size) => ",".repeat(size),
  "spaces inside": (size) => "a" + " ".repeat(size) + "b",
  "spaces behind": (size) => "a" + " ".repeat(size),
  "spaces and commas": (size) => " ,".repeat(size / 2),
  "open quotes": (size) => 'a="'.repeat(size / 3),
  "escaped quotes": (size) => 'a="' + '\\"'.repeat(size / 2),
  "an open list": (size) => "a=(" + "1 ".repeat(size / 2),
  "an open list of tokens": (size) => "a=(" + "aaaa;b ".repeat(size / 7),
  "parameters": (size) => "a" + ";b".repeat(size / 2),
  "parameters with spaces": (size) => "a" + ";   ".repeat(size / 4),
  "pairs": (size) => "a=b;".repeat(size / 4),
  "members": (size) => "u=1,".repeat(size / 4),
  "digits": (size) => "1".repeat(size),
  "dots": (size) => "1.".repeat(size / 2),
  "labels": (size) => "a.".repeat(size / 2) + "!",
  "slashes": (size) => "/".repeat(size) + "x",
  "line feeds": (size) => "\n[".repeat(size / 2),
  "halves of surrogate pairs": (size) => "\ud800".repeat(size),
  "equals signs": (size) => "Basic YQ" + "=".repeat(size) + "!",
  "a scheme and spaces": (size) => "basic" + " ".repeat(size),
};

const TRUSTED = new TrustedPeers(["10.0.0.0/8", "::1", "unix"]);

/** What reads a text that a peer, or a proxy on behalf of a peer, wrote. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  "parseNode()": parseNode,
  "parseForwarded()": parseForwarded,
  "parseNetwork()": parseNetwork,
  "TrustedPeers.hasAddress()": (text) => TRUSTED.hasAddress(text),
  "readLegacy()": (text) => readLegacy([["x-forwarded-for", text]]),
  "readModern()": (text) => readModern([["forwarded", text]]),
  "originOf()": (text) => originOf(text, text, text),
  "isHost()": isHost,
  "listMembers()": listMembers,
  "parsePriority()": parsePriority,
  "readRequestHead() of a field": (text) => head([...GET, ["x", text]]),
  "readRequestHead() of a name": (text) => head([...GET, [text, "x"]]),
  "readRequestHead() of a length": (text) => head([...GET, ["content-length", text]]),
  "readRequestHead() of a target": (text) => head([...GET.slice(0, 3), [":path", text]]),
  "readRequestHead() of an authority": (text) => head([[":authority", text], ...GET.slice(3)]),
  "pathOf()": pathOf,
  "decodePath()": decodePath,
  "userOf()": userOf,
  "truncateCloseReason()": truncateCloseReason,
  "escapes": (text) => printable(text) + quotable(text) + unspaced(text) + jsonText(text),
  "access lines": (text) => linesOf([{ fields: { a: text } }], { template: "%({a}i)s" }),
  "parseBind()": (text) => attempt(() => parseBind(text), ConfigError),
  "Config.fromMapping()": (text) => attempt(() => Config.fromMapping({ [text]: 1 }), ConfigError),
  "access templates": (text) => attempt(() => linesOf([], { template: text }), ConfigError),
  "parseApplicationName()": (text) => attempt(() => parseApplicationName(text), NoAppError),
};

function head(lines: Field[]): unknown {
  return attempt(() => readRequestHead(lines, true), H3Error);
}

for (const [name, read] of Object.entries(READERS)) {
  Deno.test(`${name} takes time in proportion to any text`, () => {
    for (const [what, textOf] of Object.entries(TEXTS)) {
      const growth = findGrowth((size) => {
        const text = textOf(size);
        return () => read(text);
      });
      assert.equal(growth, null, what);
    }
  });
}

const OPTIONS = {
  maxTableCapacity: 1_000_000,
  maxBlockedStreams: 16,
  maxFieldSectionSize: 10_000_000,
  maxNameLength: 1_000_000,
  maxValueLength: 1_000_000,
};

function filled(size: number, byte: number): Uint8Array {
  return new Uint8Array(size).fill(byte);
}

/** A prefix integer of at least 31, behind the bits of `pattern`. */
function lengthOf(pattern: number, prefixBits: number, length: number): number[] {
  const mask = (1 << prefixBits) - 1;
  const bytes = [pattern | mask];
  let rest = length - mask;
  for (; rest >= 0x80; rest >>= 7) bytes.push(rest & 0x7f | 0x80);
  return [...bytes, rest];
}

/** Capacity of a million, then an entry whose value has `size` bytes. */
function longInsert(size: number): Uint8Array {
  const start = [...lengthOf(0x20, 5, 1_000_000), 0xc0, ...lengthOf(0x00, 7, size)];
  return Uint8Array.of(...start, ...filled(size, 0x61));
}

const QPACK_CASES: Cases = {
  "QPACKDecoder.receive() of a long value, byte by byte": (size) => {
    const decoder = new QPACKDecoder(OPTIONS);
    const bytes = longInsert(size);
    return () => bytes.forEach((byte) => decoder.receive(Uint8Array.of(byte)));
  },
  "QPACKDecoder.receive() of many duplicates": (size) => {
    const decoder = new QPACKDecoder(OPTIONS);
    decoder.receive(longInsert(100));
    return () => decoder.receive(filled(size, 0x00));
  },
  "QPACKDecoder.receive() of many capacities": (size) => {
    const decoder = new QPACKDecoder(OPTIONS);
    return () => decoder.receive(filled(size, 0x21));
  },
  "QPACKDecoder.decode() of many lines": (size) => {
    const section = Uint8Array.of(0, 0, ...filled(size, 0xd1));
    return () => new QPACKDecoder(OPTIONS).decode(0, section);
  },
  "QPACKDecoder.decode() of many references to a long entry": (size) => {
    const decoder = new QPACKDecoder(OPTIONS);
    decoder.receive(longInsert(60_000));
    const section = Uint8Array.of(0x02, 0x00, ...filled(size, 0x80));
    return () => attempt(() => decoder.decode(0, section), FieldSectionTooLargeError);
  },
  "QPACKDecoder.decode() of a long Huffman code": (size) => {
    const section = Uint8Array.of(0, 0, 0x50, ...lengthOf(0x80, 7, size), ...filled(size, 0x18));
    return () => new QPACKDecoder(OPTIONS).decode(0, section);
  },
  "QPACKEncoder.receive() of many cancellations": (size) => {
    const encoder = new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 100_000 });
    return () => encoder.receive(filled(size, 0x41));
  },
  "QPACKEncoder.receive() of an increment for every open section": (size) => {
    const encoder = new QPACKEncoder({ maxTableCapacity: 1_000_000, maxBacklog: 10_000_000 });
    encoder.configure({ maxTableCapacity: 1_000_000, maxBlockedStreams: 1_000_000 });
    for (let id = 0; id < size / 16; id++) encoder.encode(4 * id, [["server", `hypercorn-${id}`]]);
    return () => encoder.receive(filled(Math.min(1_000, size / 16), 0x01));
  },
  "QPACKEncoder.encode() of many lines": (size) => {
    const encoder = new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 100_000 });
    encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 100 });
    const lines = Array.from({ length: size / 4 }, (_, index): Field => ["x", `${index % 999}`]);
    return () => encoder.encode(0, lines);
  },
};

const FRAME_CASES: Cases = {
  "FrameReader of one frame, byte by byte": (size) => {
    const bytes = encodeFrame(FRAME.HEADERS, filled(size, 1));
    const reader = new FrameReader({ admit: () => "whole" });
    return () => {
      for (const byte of bytes) {
        reader.receive(Uint8Array.of(byte));
        reader.next();
      }
    };
  },
  "FrameReader of many empty frames": (size) => {
    const reader = new FrameReader({ admit: () => "skip" });
    reader.receive(filled(size, 0));
    return () => reader.next();
  },
  "FrameReader of many chunks that wait": (size) => {
    const reader = new FrameReader({ admit: () => "skip" });
    for (let count = 0; count < size; count++) reader.receive(Uint8Array.of(0x21, 0));
    return () => reader.next();
  },
  "RequestStream of many chunks while it is blocked": (size) => {
    const context = { ...newContext(), budget: new Budget() };
    const stream = new RequestStream(0, context);
    stream.receive(blockedHeaders(0xd1, 0xd7, 0xc1, 0x50, 0x01, 0x61, 0x80), 0);
    assert.equal(stream.next(), null);
    for (let count = 0; count < size; count++) {
      stream.receive(encodeFrame(FRAME.DATA, Uint8Array.of(1)), 0);
    }
    context.decoder.receive(INSERT);
    stream.unblock();
    return () => {
      let content = 0;
      for (let event = stream.next(); event !== null; event = stream.next()) {
        if (event.type === "data") content++;
      }
      assert.equal(content, size);
    };
  },
  "decodeSettings() of many settings": (size) => {
    const ids = Array.from({ length: size / 4 }, (_, index) => [0x40 + index, 1]).flat();
    const payload = encodeVarints(...ids);
    return () => decodeSettings(payload);
  },
  "readRequestHead() of many cookie crumbs": (size) => {
    const lines = [...GET, ...Array.from({ length: size }, (): Field => ["cookie", "a=1"])];
    return () => readRequestHead(lines, false).head.fields.at(-1)![1].charCodeAt(size);
  },
  "readRequestHead() of many priority lines": (size) => {
    const lines = [...GET, ...Array.from({ length: size }, (): Field => ["priority", "u=1"])];
    return () => parsePriority(readRequestHead(lines, false).priority!);
  },
  "readTrailers() of many lines that are dropped": (size) => {
    const lines = Array.from({ length: size }, (): Field => ["host", "a"]);
    return () => readTrailers(lines);
  },
  "combineField() of many lines": (size) => {
    const lines = Array.from({ length: size }, (): Field => ["via", "a"]);
    return () => combineField(lines, "via")!.charCodeAt(size);
  },
};

for (const [name, prepare] of Object.entries({ ...QPACK_CASES, ...FRAME_CASES })) {
  Deno.test(`${name} takes time in proportion`, () => {
    assert.equal(findGrowth(prepare), null);
  });
}

Deno.test("findGrowth() notices time that grows with the square of the size", () => {
  const squared = (size: number) => () => /^.*:.*%/.test(":".repeat(size / 4));
  assert.match(findGrowth(squared)!, /^\d+ ms for 65536, \d+ ms for 16384$/);
});

Deno.test("findGrowth() accepts time in proportion to the size", () => {
  assert.equal(findGrowth((size) => () => "a".repeat(size).split("").join("b")), null);
});
