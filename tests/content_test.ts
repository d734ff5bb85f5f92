import assert from "node:assert/strict";
import fc from "fast-check";
import { type ASGIFramework, start } from "../mod.ts";
import { contentBytes, isShortASCII, textIfShortASCII } from "../src/content.ts";

const BYTES: { name: string; bytes: number[]; text: boolean }[] = [
  { name: "nothing", bytes: [], text: true },
  { name: "ASCII", bytes: [0x48, 0x69, 0x00, 0x7f], text: true },
  { name: "UTF-8", bytes: [0xc3, 0xa9], text: false },
  { name: "a byte order mark before ASCII", bytes: [0xef, 0xbb, 0xbf, 0x41], text: false },
  { name: "bytes that are no UTF-8", bytes: [0x41, 0xff], text: false },
  { name: "more ASCII than is worth looking at", bytes: Array(1025).fill(0x41), text: false },
];

for (const { name, bytes, text } of BYTES) {
  Deno.test(`textIfShortASCII() ${text ? "makes text of" : "leaves"} ${name}`, () => {
    const content = Uint8Array.from(bytes);
    const result = textIfShortASCII(content);
    assert.equal(typeof result === "string", text);
    assert.deepEqual(contentBytes(result), content);
  });
}

Deno.test("textIfShortASCII() never changes the bytes of anything", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    assert.deepEqual(contentBytes(textIfShortASCII(bytes)), bytes);
  }));
});

Deno.test("isShortASCII() means one byte per character", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
    if (isShortASCII(text)) assert.equal(contentBytes(text).length, text.length);
  }));
});

for (const body of ["plain", "grüße", new Uint8Array([0x41]), ""]) {
  Deno.test(`an ASGI response gets no content-type the application did not send: ${JSON.stringify(body)}`, async () => {
    const app: ASGIFramework = async (scope, _receive, send) => {
      if (scope.type !== "http") return;
      await send({ type: "http.response.start", status: 200 });
      await send({ type: "http.response.body", body });
    };
    await using server = await start(app, { bind: "127.0.0.1:0", errorlog: null });
    const response = await fetch(server.binds[0]!.url);
    assert.equal(response.headers.get("content-type"), null);
    assert.deepEqual(await response.bytes(), contentBytes(body));
  });
}
