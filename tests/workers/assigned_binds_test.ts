import assert from "node:assert/strict";
import { resolveConfig } from "../../src/config/mod.ts";
import type { Bind } from "../../src/server/listener.ts";
import {
  assignBinds,
  chosenPorts,
  lowestUnused,
  refuseMeetingPorts,
} from "../../src/workers/assigned_binds.ts";

const TLS = { certfile: "cert.pem", keyfile: "key.pem" };

/** The binds of a running server, as far as they matter here. */
function running(...ports: number[]): Bind[] {
  return ports.map((port) => ({
    text: "",
    url: "",
    addr: { transport: "tcp", hostname: "127.0.0.1", port },
    secure: true,
    versions: ["1.1"],
  }));
}

function portsOf(specs: readonly { readonly kind: string; readonly port?: number }[]) {
  return specs.map(({ port }) => port);
}

Deno.test("chosenPorts() tells the ports of port 0, and assignBinds() gives them to other workers", () => {
  const config = resolveConfig({
    ...TLS,
    bind: ["127.0.0.1:0", "127.0.0.1:8443", "[::1]:0"],
    insecureBind: ["127.0.0.1:0"],
    quicBind: ["127.0.0.1:0"],
  });
  const ports = chosenPorts(config, running(5001, 8443, 5002, 5003, 5004));
  assert.deepEqual(Object.values(ports), [5001, 5002, 5003]);
  const assigned = assignBinds(config, { ports, portOffset: 3 });
  assert.deepEqual(portsOf(assigned.bind), [5001, 8443, 5002]);
  assert.deepEqual(portsOf(assigned.insecureBind), [5003]);
  assert.deepEqual(portsOf(assigned.quicBind), [0]); // UDP: any port, each its own
  assert.equal(assigned.bind[0]!.text, "127.0.0.1:0"); // what users read stays what they wrote
});

Deno.test("assignBinds() does not give the port of another address after a change of the configuration", () => {
  const before = resolveConfig({ bind: ["127.0.0.1:0"] });
  const ports = chosenPorts(before, running(5001));
  const after = resolveConfig({ bind: ["[::1]:0"] });
  assert.deepEqual(portsOf(assignBinds(after, { ports, portOffset: 0 }).bind), [0]);
});

Deno.test("assignBinds() gives each worker UDP ports of its own, on every address", () => {
  const config = resolveConfig({ ...TLS, quicBind: ["127.0.0.1:4433", "[::1]:4433"] });
  for (const portOffset of [0, 1, 5]) {
    const { quicBind } = assignBinds(config, { ports: {}, portOffset });
    assert.deepEqual(portsOf(quicBind), [4433 + portOffset, 4433 + portOffset]);
  }
});

Deno.test("assignBinds() refuses a UDP port beyond 65535", () => {
  const config = resolveConfig({ ...TLS, quicBind: ["[::1]:65535"] });
  assignBinds(config, { ports: {}, portOffset: 0 });
  assert.throws(() => assignBinds(config, { ports: {}, portOffset: 1 }), {
    name: "BindError",
    bind: "[::1]:65535",
    message: 'Cannot bind UDP "[::1]:65535": this worker would need "[::1]:65536", and ports end ' +
      "at 65535. Choose a lower port: workers use it and those above it",
  });
});

const MEETING = [
  { quicBind: ["127.0.0.1:4433", "127.0.0.1:4434"], workers: 1, meets: true },
  { quicBind: ["127.0.0.1:4435", "127.0.0.1:4433"], workers: 1, meets: false },
  { quicBind: ["127.0.0.1:4435", "127.0.0.1:4433"], workers: 2, meets: true },
  { quicBind: ["127.0.0.1:4433", "[::1]:4434"], workers: 4, meets: false },
  { quicBind: ["127.0.0.1:0", "127.0.0.1:4433"], workers: 4, meets: false },
];
for (const { quicBind, workers, meets } of MEETING) {
  Deno.test(`refuseMeetingPorts() ${meets ? "refuses" : "allows"} ${quicBind} for ${workers} workers`, () => {
    const check = () => refuseMeetingPorts(resolveConfig({ ...TLS, quicBind }).quicBind, workers);
    if (meets) assert.throws(check, { name: "BindError" });
    else check();
  });
}

const UNUSED = [
  { used: [], lowest: 0 },
  { used: [0, 1, 3], lowest: 2 },
  { used: [2, 1], lowest: 0 },
];
for (const { used, lowest } of UNUSED) {
  Deno.test(`lowestUnused() is ${lowest} beside [${used}]`, () => {
    assert.equal(lowestUnused(used), lowest);
  });
}
