/**
 * Opening a listener on Deno's QUIC: what can go wrong, and which back-end is taken.
 */

import assert from "node:assert/strict";
import { BindError, ConfigError } from "../../src/errors.ts";
import { type DenoQuicListenOptions, listenQuic } from "../../src/quic/deno.ts";
import type { HalfOwner } from "../../src/quic/deno_connection.ts";
import { resourceBackend } from "../../src/quic/deno_resources.ts";
import { Slots } from "../../src/quic/slots.ts";
import { listenOptions } from "../_support/quic_pair.ts";
import { runQuicProgram } from "../_support/quic_program.ts";

const OTHER_KEY = Deno.readTextFileSync(new URL("../testdata/renewed.key", import.meta.url));

Deno.test("listenQuic() without --unstable-net names the flag", async () => {
  const output = await runQuicProgram(["listen"], []);
  assert.match(output, /^ConfigError: Cannot use option "quic_bind": expected a runtime with QUIC/);
  assert.match(
    output,
    /Add "--unstable-net" to the command, or "unstable": \["net"\] to deno\.json/,
  );
  assert.equal(output.trim().split("\n").length, 1);
});

Deno.test("listenQuic() without permission says so", async () => {
  const output = await runQuicProgram(["listen"], ["--unstable-net", "--deny-net"]);
  assert.match(
    output,
    /^BindError: Cannot bind UDP "127\.0\.0\.1:0": .*--allow-net/,
  );
});

Deno.test("listenQuic() on a port in use names the address, and the runtime's error as cause", async () => {
  const listener = listenQuic(listenOptions());
  try {
    const { port } = listener.addr;
    const listen = () => listenQuic(listenOptions({ port }));
    assert.throws(listen, (error) => {
      assert(error instanceof BindError);
      assert.equal(error.bind, `127.0.0.1:${port}`);
      assert.match(error.message, new RegExp(`^Cannot bind UDP "127.0.0.1:${port}": .*in use`));
      assert(error.cause instanceof Deno.errors.AddrInUse);
      return true;
    });
  } finally {
    await listener.close(0, "");
  }
});

const UNUSABLE = [
  { name: "text that is no certificate", identity: { cert: "x" }, key: "certfile" },
  { name: "text that is no key", identity: { key: "x" }, key: "keyfile" },
  { name: "the key of another certificate", identity: { key: OTHER_KEY }, key: "keyfile" },
];
for (const { name, identity, key } of UNUSABLE) {
  Deno.test(`listenQuic() refuses ${name}, names the option, and leaves nothing open`, () => {
    assert.throws(() => listenQuic(listenOptions(identity)), (error) => {
      assert(error instanceof ConfigError);
      assert.equal(error.key, key);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  });
}

Deno.test("listenQuic() on an address that is not ours says so", () => {
  assert.throws(() => listenQuic(listenOptions({ hostname: "192.0.2.1" })), BindError);
});

const CHOICES: { backend?: DenoQuicListenOptions["backend"]; core: boolean; taken: string }[] = [
  { core: true, taken: "resources" },
  { backend: "auto", core: true, taken: "resources" },
  { backend: "resources", core: true, taken: "resources" },
  { backend: "streams", core: true, taken: "streams" },
  { core: false, taken: "streams" },
  { backend: "streams", core: false, taken: "streams" },
];
for (const { backend, core, taken } of CHOICES) {
  Deno.test(`listenQuic() takes ${taken} for "${backend}" ${core ? "with" : "without"} the core`, async () => {
    const options = listenOptions(backend && { backend });
    const listener = core ? listenQuic(options) : withoutCore(() => listenQuic(options));
    assert.equal(listener.backend, taken);
    await listener.close(0, "");
  });
}

Deno.test("listenQuic() refuses resources where the runtime does not have them", () => {
  withoutCore(() =>
    assert.throws(() => listenQuic(listenOptions({ backend: "resources" })), ConfigError)
  );
});

Deno.test("the resource back-end falls back to streams where they show no resource", async () => {
  const backend = resourceBackend()!;
  const owner: HalfOwner = { closedByUs: false, halves: new Slots() };
  const bytes = new Uint8Array([1, 2, 3]);
  const sent: Uint8Array[] = [];
  const readable = new ReadableStream({
    type: "bytes",
    start(controller) {
      controller.enqueue(bytes.slice());
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      sent.push(chunk);
    },
  });
  const receive = backend.receive(
    Object.assign(readable, { id: 4n }) as Deno.QuicReceiveStream,
    owner,
  );
  const send = backend.send(Object.assign(writable, { id: 4n, sendOrder: 0 }), owner);
  assert.equal(backend.name, "streams");
  assert.deepEqual(await receive.read(), bytes);
  await send.write(bytes);
  assert.deepEqual([receive.id, send.id, sent], [4, 4, [bytes]]);
});

/** Runs `test` as on a runtime that has no core to offer. */
function withoutCore<T>(test: () => T): T {
  const before = Object.getOwnPropertyDescriptor(Deno, "internal")!;
  Object.defineProperty(Deno, "internal", { ...before, value: Symbol("none") });
  try {
    return test();
  } finally {
    Object.defineProperty(Deno, "internal", before);
  }
}
