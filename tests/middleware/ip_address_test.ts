import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp, parseNetwork } from "../../src/middleware/ip_address.ts";

const ADDRESSES: { text: string; as: string | null }[] = [
  { text: "192.0.2.1", as: "192.0.2.1" },
  { text: "0.0.0.0", as: "0.0.0.0" },
  { text: "255.255.255.255", as: "255.255.255.255" },
  { text: "::1", as: "::1" },
  { text: "::", as: "::" },
  { text: "2001:DB8:0:0:0:0:0:1", as: "2001:db8::1" },
  { text: "1:2:3:4:5:6:7:8", as: "1:2:3:4:5:6:7:8" },
  { text: "::ffff:192.0.2.1", as: "192.0.2.1" },
  { text: "::FFFF:c000:201", as: "192.0.2.1" },
  { text: "64:ff9b::192.0.2.1", as: "64:ff9b::c000:201" },
  { text: "", as: null },
  { text: "256.0.0.1", as: null },
  { text: "1.2.3", as: null },
  { text: "1.2.3.4.5", as: null },
  { text: "01.2.3.4", as: null }, // octal to some
  { text: "0x7f.0.0.1", as: null },
  { text: "2130706433", as: null },
  { text: " 1.2.3.4", as: null },
  { text: "1.2.3.4\n", as: null },
  { text: "[::1]", as: null },
  { text: "::1%eth0", as: null },
  { text: ":::", as: null },
  { text: "1::2::3", as: null },
  { text: "12345::", as: null },
  { text: "example.com", as: null },
];
for (const { text, as } of ADDRESSES) {
  Deno.test(`parseIp() reads ${JSON.stringify(text)} as ${as}`, () => {
    assert.equal(parseIp(text)?.text ?? null, as);
  });
}

const NETWORKS: { network: string; has: string[]; lacks: string[] }[] = [
  { network: "192.0.2.1", has: ["192.0.2.1", "::ffff:192.0.2.1"], lacks: ["192.0.2.2", "::1"] },
  {
    network: "10.0.0.0/8",
    has: ["10.0.0.0", "10.255.255.255"],
    lacks: ["9.255.255.255", "11.0.0.0"],
  },
  { network: "10.1.2.3/8", has: ["10.9.9.9"], lacks: ["11.1.2.3"] },
  {
    network: "172.16.0.0/12",
    has: ["172.16.0.1", "172.31.255.255"],
    lacks: ["172.32.0.0", "172.15.0.0"],
  },
  { network: "0.0.0.0/0", has: ["1.2.3.4", "::ffff:1.2.3.4"], lacks: ["::1", "2001:db8::1"] },
  { network: "::/0", has: ["1.2.3.4", "2001:db8::1"], lacks: [] },
  { network: "2001:db8::/33", has: ["2001:db8:7fff::"], lacks: ["2001:db8:8000::"] },
  { network: "::ffff:10.0.0.0/104", has: ["10.1.1.1"], lacks: ["11.1.1.1"] },
  { network: "fe80::1/128", has: ["fe80::1"], lacks: ["fe80::2"] },
];
for (const { network, has, lacks } of NETWORKS) {
  Deno.test(`parseNetwork() of ${network} has [${has}] and not [${lacks}]`, () => {
    const test = parseNetwork(network)!;
    assert.deepEqual(has.filter((address) => !test(parseIp(address)!)), []);
    assert.deepEqual(lacks.filter((address) => test(parseIp(address)!)), []);
  });
}

for (
  const text of [
    "",
    "/8",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "lo",
  ]
) {
  Deno.test(`parseNetwork() refuses ${JSON.stringify(text)}`, () => {
    assert.equal(parseNetwork(text), null);
  });
}

Deno.test("parseIp() reads what it wrote as the same address", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(fc.property(address, (text) => {
    const ip = parseIp(text)!;
    assert.deepEqual(parseIp(ip.text), ip);
  }));
});

Deno.test("parseNetwork() has an address exactly when it begins with the same bits", () => {
  const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(fc.property(bytes, bytes, fc.nat(32), (one, other, prefix) => {
    const bits = (address: Uint8Array) =>
      [...address].map((byte) => byte.toString(2).padStart(8, "0")).join("").slice(0, prefix);
    const network = parseNetwork(`${one.join(".")}/${prefix}`)!;
    assert.equal(network(parseIp(other.join("."))!), bits(one) === bits(other));
  }));
});
