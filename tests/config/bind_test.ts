import assert from "node:assert/strict";
import { type BindSpec, parseBind } from "../../src/config/bind.ts";
import { ConfigError } from "../../src/errors.ts";

const ADDRESSES: [text: string, hostname: string, port: number][] = [
  ["127.0.0.1:5000", "127.0.0.1", 5000],
  ["127.0.0.1", "127.0.0.1", 8000],
  ["0.0.0.0:80", "0.0.0.0", 80],
  ["localhost", "localhost", 8000],
  ["localhost:8111", "localhost", 8111],
  ["LocalHost:8111", "localhost", 8111],
  ["my_container-1.internal:65535", "my_container-1.internal", 65535],
  ["example.com.:80", "example.com.", 80],
  ["127.0.0.1:0", "127.0.0.1", 0],
  [":8111", "0.0.0.0", 8111],
  [":0", "0.0.0.0", 0],
  ["[::]:5000", "::", 5000],
  ["[::]", "::", 8000],
  ["[::1]:8111", "::1", 8111],
  ["[::1]", "::1", 8000],
  ["::1", "::1", 8000],
  ["::", "::", 8000],
  ["[0:0:0:0:0:0:0:1]:1", "::1", 1],
  ["[2001:DB8::1]:1", "2001:db8::1", 1],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", 8000],
  ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
];

for (const [text, hostname, port] of ADDRESSES) {
  Deno.test(`parseBind() reads "${text}" as ${hostname} and port ${port}`, () => {
    assert.deepEqual(parseBind(text), { kind: "tcp", hostname, port, text });
  });
}

const UNIX: [text: string, path: string][] = [
  ["unix:/tmp/x.sock", "/tmp/x.sock"],
  ["unix:///tmp/x.sock", "/tmp/x.sock"],
  ["unix:x.sock", "x.sock"],
  ["unix:/tmp/a b:c.sock", "/tmp/a b:c.sock"],
  ["unix:./@x", "./@x"],
  [`unix:/${"x".repeat(106)}`, `/${"x".repeat(106)}`],
];

for (const [text, path] of UNIX) {
  Deno.test(`parseBind() reads "${text}" as a Unix socket`, () => {
    assert.deepEqual(parseBind(text), { kind: "unix", path, text });
  });
}

/** Each row: circumstance, text, and a part of the hint. */
const REFUSED: [name: string, text: string, hint: string][] = [
  ["a bare port", "8111", 'Write "127.0.0.1:8111" for this machine or ":8111" for all'],
  ["an empty text", "", "Leave the option out"],
  ["blanks only", " \t", "Leave the option out"],
  ["a leading blank", " localhost:80", "Remove the blanks"],
  ["an inner line break", "localhost:80\n", "Remove the blanks"],
  ["a URL", "http://localhost:8000", 'Drop the "http://"'],
  ["an HTTPS URL", "https://[::1]/", 'Drop the "https://"'],
  ["a file descriptor", "fd://3", "Deno cannot adopt an open file descriptor"],
  ["a port that is a word", "127.0.0.1:abc", '"abc" is not one'],
  ["a port above 65535", "localhost:65536", "A port is a number from 0 to 65535"],
  ["a negative port", "localhost:-1", "A port is a number from 0 to 65535"],
  ["a port with a sign", "localhost:+80", '"+80" is not one'],
  ["a port of six digits", "localhost:000080", "A port is a number from 0 to 65535"],
  ["no port after the colon", "localhost:", "there is none after the colon"],
  ["a colon alone", ":", "there is none after the colon"],
  ["IPv6 with an unbracketed port", "::1:18000", 'Write "[::1]:18000" for a port'],
  ["IPv6 that may hold a port", "::1:8000", '"[::1:8000]" if all of it is the address'],
  ["no closing bracket", "[::1", "Only a complete IPv6 address stands in brackets"],
  ["IPv4 in brackets", "[127.0.0.1]:80", "Only a complete IPv6 address stands in brackets"],
  ["something after the bracket", "[::1]80", 'Only ":PORT" can follow the "]"'],
  ["no port after the bracket", "[::1]:", "there is none after the colon"],
  ["an IPv4 octet above 255", "256.1.1.1:80", "four numbers from 0 to 255"],
  ["an octet with a leading zero", "127.0.0.01", "four numbers from 0 to 255"],
  ["a short IPv4 address", "127.1:80", "four numbers from 0 to 255"],
  ["a wildcard", "*:8000", 'Write "0.0.0.0:8000" or "[::]:8000"'],
  ["a path", "localhost/app:80", "without path or user"],
  ["a user", "me@localhost:80", "without path or user"],
  ["a name that is not ASCII", "münchen:80", '"xn--"'],
  ["a name that begins with a hyphen", "-c", "neither a host name nor an IP address"],
  ["a label of 64 characters", "x".repeat(64), "neither a host name nor an IP address"],
  ["two colons without IPv6", "a:b:c", "neither a host name nor an IP address"],
  ["a Unix socket without a path", "unix:", 'path of the socket file after "unix:"'],
  ["a Unix URL with a host", "unix://tmp/x", 'Write "unix:/tmp/x"'],
  ["an abstract socket", "unix:@name", "Abstract sockets are not supported"],
  ["NUL in a path", "unix:/a\0b", "Remove the NUL"],
  ["a path of 108 bytes", `unix:/${"x".repeat(107)}`, "107 bytes"],
  ["a path of 108 bytes in few characters", `unix:${"é".repeat(54)}`, "107 bytes"],
];

for (const [name, text, hint] of REFUSED) {
  Deno.test(`parseBind() refuses ${name} with a hint`, () => {
    assert.throws(() => parseBind(text, "quic_bind[2]"), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.key, "quic_bind[2]");
      assert.match(error.expected, /^an address such as "127\.0\.0\.1:8000"/);
      assert.ok(error.message.includes(hint), error.message);
      return true;
    });
  });
}

Deno.test("parseBind() refuses what is not a string", () => {
  assert.throws(() => parseBind(8000 as unknown as string), {
    name: "ConfigError",
    key: "bind",
    received: "8000",
  });
});

Deno.test("parseBind() reads equal IPv6 addresses as equal host names", () => {
  const names = ["[::1]:1", "[0::1]:1", "[0:0::0:1]:1"].map((text): BindSpec => parseBind(text));
  assert.deepEqual(names.map((spec) => spec.kind === "tcp" && spec.hostname), [
    "::1",
    "::1",
    "::1",
  ]);
});
