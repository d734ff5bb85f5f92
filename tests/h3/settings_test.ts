import assert from "node:assert/strict";
import fc from "fast-check";
import { H3 } from "../../src/h3/errors.ts";
import { greaseId } from "../../src/h3/grease.ts";
import { decodeSettings, encodeSettings, type Settings } from "../../src/h3/settings.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { assertConnectionError, assertOnlyH3Error } from "./peer_support.ts";

const DEFAULTS: Settings = {
  maxFieldSectionSize: Infinity,
  qpackMaxTableCapacity: 0,
  qpackBlockedStreams: 0,
  enableConnectProtocol: false,
  enableDatagrams: false,
  webTransportSessions: 0,
};

const DECODED: readonly {
  readonly name: string;
  readonly pairs: readonly number[];
  readonly settings: Partial<Settings>;
}[] = [
  { name: "no setting", pairs: [], settings: {} },
  {
    name: "every setting",
    pairs: [0x01, 4096, 0x06, 65_536, 0x07, 100, 0x08, 1, 0x33, 1],
    settings: {
      qpackMaxTableCapacity: 4096,
      maxFieldSectionSize: 65_536,
      qpackBlockedStreams: 100,
      enableConnectProtocol: true,
      enableDatagrams: true,
    },
  },
  { name: "switches that are off", pairs: [0x08, 0, 0x33, 0], settings: {} },
  { name: "a field section size of 0", pairs: [0x06, 0], settings: { maxFieldSectionSize: 0 } },
  {
    name: "unknown and GREASE settings among known ones",
    pairs: [greaseId(0), 7, 0x01, 1, 0x2b603741, 1, greaseId(0.7), Number.MAX_SAFE_INTEGER],
    settings: { qpackMaxTableCapacity: 1 },
  },
];
for (const { name, pairs, settings } of DECODED) {
  Deno.test(`decodeSettings() reads ${name}`, () => {
    assert.deepEqual(decodeSettings(encodeVarints(...pairs)), { ...DEFAULTS, ...settings });
  });
}

/** The four settings that drafts of WebTransport over HTTP/3 had. */
const WEBTRANSPORT = [0x2b603742, 0xc671706a, 0x14e9cd29, 0x2c7cf000];
for (const id of WEBTRANSPORT) {
  Deno.test(`decodeSettings() takes setting 0x${id.toString(16)} for WebTransport, with datagrams and unless it is 0`, () => {
    const sessions = (...pairs: number[]) =>
      decodeSettings(encodeVarints(...pairs)).webTransportSessions;
    assert.equal(sessions(id, 1, 0x33, 1), 1);
    assert.equal(sessions(0x33, 1, id, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    assert.equal(sessions(id, 1), 0);
    assert.equal(sessions(id, 1, 0x33, 0), 0);
    assert.equal(sessions(id, 0, 0x33, 1), 0);
    assert.throws(() => sessions(id, 1, id, 1), { code: H3.SETTINGS_ERROR });
  });
}

Deno.test("decodeSettings() sees WebTransport in one setting although the others are 0", () => {
  for (const one of WEBTRANSPORT) {
    const pairs = WEBTRANSPORT.flatMap((id) => [id, id === one ? 1 : 0]);
    assert.equal(decodeSettings(encodeVarints(0x33, 1, ...pairs)).webTransportSessions, 1);
  }
});

Deno.test("decodeSettings() ignores identifiers beyond 2^53, even two of them", () => {
  const payload = Uint8Array.fromHex(
    "fffffffffffffffd" + "01" + "ffffffffffffffff" + "01" + "0101",
  );
  assert.deepEqual(decodeSettings(payload), { ...DEFAULTS, qpackMaxTableCapacity: 1 });
});

const REFUSED: readonly [why: string, pairs: readonly number[]][] = [
  ["a repeated setting", [0x01, 1, 0x07, 1, 0x01, 1]],
  ["a repeated unknown setting", [0x21, 1, 0x21, 2]],
  ["setting 0x00, which is reserved", [0x00, 1]],
  ["ENABLE_PUSH of HTTP/2", [0x02, 0]],
  ["MAX_CONCURRENT_STREAMS of HTTP/2", [0x03, 100]],
  ["INITIAL_WINDOW_SIZE of HTTP/2", [0x04, 65_535]],
  ["MAX_FRAME_SIZE of HTTP/2", [0x05, 16_384]],
  ["ENABLE_CONNECT_PROTOCOL of 2 (RFC 9220 §3)", [0x08, 2]],
  ["H3_DATAGRAM of 2 (RFC 9297 §2.1.1)", [0x33, 2]],
];
for (const [why, pairs] of REFUSED) {
  Deno.test(`decodeSettings() refuses ${why} with H3_SETTINGS_ERROR`, () => {
    assertConnectionError(() => decodeSettings(encodeVarints(...pairs)), H3.SETTINGS_ERROR);
  });
}

Deno.test("decodeSettings() refuses a payload that ends inside a setting with H3_FRAME_ERROR (RFC 9114 §7.1)", () => {
  const payload = encodeVarints(0x01, 4096, 0x06, 65_536);
  const boundaries = new Set([0, 3, payload.length]);
  for (let end = 0; end <= payload.length; end++) {
    const decode = () => decodeSettings(payload.subarray(0, end));
    if (boundaries.has(end)) decode();
    else assertConnectionError(decode, H3.FRAME_ERROR, `after ${end} bytes`);
  }
});

Deno.test("encodeSettings() sends switches only when they are on, and no size when there is no limit", () => {
  assert.deepEqual(encodeSettings(DEFAULTS, null), encodeVarints(0x01, 0, 0x07, 0));
  const all = {
    ...DEFAULTS,
    maxFieldSectionSize: 10,
    enableConnectProtocol: true,
    enableDatagrams: true,
  };
  assert.deepEqual(
    encodeSettings(all, { id: 0x21, value: 5 }),
    encodeVarints(0x01, 0, 0x07, 0, 0x06, 10, 0x08, 1, 0x33, 1, 0x21, 5),
  );
});

const SETTINGS: fc.Arbitrary<Settings> = fc.record({
  maxFieldSectionSize: fc.oneof(fc.constant(Infinity), fc.maxSafeNat()),
  qpackMaxTableCapacity: fc.maxSafeNat(),
  qpackBlockedStreams: fc.maxSafeNat(),
  enableConnectProtocol: fc.boolean(),
  enableDatagrams: fc.boolean(),
  webTransportSessions: fc.maxSafeNat(),
}, { noNullPrototype: true })
  .map((it) => ({
    ...it,
    webTransportSessions: it.enableDatagrams ? it.webTransportSessions : 0,
  }));

Deno.test("encodeSettings() offers sessions of WebTransport as drafts up to 14 do, and for none sends none of them", () => {
  const encode = (webTransportSessions: number) =>
    encodeSettings({ ...DEFAULTS, enableDatagrams: true, webTransportSessions }, null);
  const offer = [0x2b603742, 1, 0xc671706a, 16, 0x14e9cd29, 16];
  assert.deepEqual(encode(16), encodeVarints(0x01, 0, 0x07, 0, 0x33, 1, ...offer));
  assert.deepEqual(encode(0), encodeVarints(0x01, 0, 0x07, 0, 0x33, 1));
});

Deno.test("property: decodeSettings() reads what encodeSettings() wrote, GREASE or not", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(SETTINGS, random, fc.maxSafeNat(), (settings, random, value) => {
    assert.deepEqual(decodeSettings(encodeSettings(settings, null)), settings);
    const grease = { id: greaseId(random), value };
    assert.deepEqual(decodeSettings(encodeSettings(settings, grease)), settings);
  }));
});

Deno.test("property: decodeSettings() throws nothing but H3Error on random bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => assertOnlyH3Error(() => decodeSettings(bytes))),
  );
});
