import assert from "node:assert/strict";
import { errorName, H3, H3Error } from "../../src/h3/errors.ts";

const NAMES: readonly [code: number, name: string][] = [
  [0x33, "H3_DATAGRAM_ERROR"],
  [0x100, "H3_NO_ERROR"],
  [0x101, "H3_GENERAL_PROTOCOL_ERROR"],
  [0x102, "H3_INTERNAL_ERROR"],
  [0x103, "H3_STREAM_CREATION_ERROR"],
  [0x104, "H3_CLOSED_CRITICAL_STREAM"],
  [0x105, "H3_FRAME_UNEXPECTED"],
  [0x106, "H3_FRAME_ERROR"],
  [0x107, "H3_EXCESSIVE_LOAD"],
  [0x108, "H3_ID_ERROR"],
  [0x109, "H3_SETTINGS_ERROR"],
  [0x10a, "H3_MISSING_SETTINGS"],
  [0x10b, "H3_REQUEST_REJECTED"],
  [0x10c, "H3_REQUEST_CANCELLED"],
  [0x10d, "H3_REQUEST_INCOMPLETE"],
  [0x10e, "H3_MESSAGE_ERROR"],
  [0x10f, "H3_CONNECT_ERROR"],
  [0x110, "H3_VERSION_FALLBACK"],
  [0x200, "QPACK_DECOMPRESSION_FAILED"],
  [0x201, "QPACK_ENCODER_STREAM_ERROR"],
  [0x202, "QPACK_DECODER_STREAM_ERROR"],
];

Deno.test("H3 has every code of the registries, and errorName() their names there", () => {
  assert.deepEqual(Object.values(H3).toSorted((a, b) => a - b), NAMES.map(([code]) => code));
  for (const [code, name] of NAMES) assert.equal(errorName(code), name);
});

Deno.test("errorName() shows an unknown code as the number it is", () => {
  assert.equal(errorName(0x21), "0x21");
});

Deno.test("H3Error is about the connection and has no status unless it says so", () => {
  const { code, message, scope, status, cause } = new H3Error(H3.ID_ERROR, "Cannot");
  assert.deepEqual([code, message, scope, status, cause], [
    0x108,
    "Cannot",
    "connection",
    null,
    undefined,
  ]);
  const reason = new Error("Because");
  const options = { scope: "stream", status: 431, cause: reason } as const;
  const error = new H3Error(H3.EXCESSIVE_LOAD, "Cannot", options);
  assert.deepEqual([error.scope, error.status, error.cause], ["stream", 431, reason]);
});
