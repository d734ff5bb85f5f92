import assert from "node:assert/strict";
import { type HostAndPort, parseBind } from "../../src/config/mod.ts";
import { altSvcOf } from "../../src/server/alt_svc.ts";

const ROWS: readonly {
  name: string;
  bind: string;
  quic: [bind: string, port: number][];
  ports: number[];
}[] = [
  { name: "no HTTP/3", bind: ":443", quic: [], ports: [] },
  { name: "the same address", bind: "127.0.0.1:1", quic: [["127.0.0.1:1", 1]], ports: [1] },
  { name: "the real port instead of 0", bind: "[::1]:0", quic: [["[::1]:0", 4433]], ports: [4433] },
  { name: "every address", bind: ":443", quic: [["192.0.2.1:443", 443]], ports: [443] },
  {
    name: "HTTP/3 on every address",
    bind: "192.0.2.1:443",
    quic: [["[::]:443", 443]],
    ports: [443],
  },
  {
    name: "a name, which may mean any address",
    bind: "a.test:1",
    quic: [["[::1]:2", 2]],
    ports: [2],
  },
  { name: "another address", bind: "127.0.0.1:1", quic: [["[::1]:1", 1]], ports: [] },
  {
    name: "two addresses of one port",
    bind: ":1",
    quic: [["127.0.0.1:5", 5], ["[::1]:5", 5]],
    ports: [5],
  },
  {
    name: "one of two addresses",
    bind: "[::1]:1",
    quic: [["127.0.0.1:5", 5], ["[::1]:6", 6]],
    ports: [6],
  },
  { name: "two ports, in order", bind: ":1", quic: [[":6", 6], [":5", 5]], ports: [6, 5] },
  { name: "a Unix socket", bind: "unix:/a", quic: [[":443", 443]], ports: [] },
];
for (const { name, bind, quic, ports } of ROWS) {
  Deno.test(`altSvcOf() for ${name} names [${ports}]`, () => {
    const services = quic.map(([text, port]) => ({ spec: parseBind(text) as HostAndPort, port }));
    const expected = ports.map((port) => `h3=":${port}"; ma=86400`);
    assert.deepEqual(altSvcOf(parseBind(bind), services), expected);
  });
}
