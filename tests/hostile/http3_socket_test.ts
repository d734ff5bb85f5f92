/**
 * Attacks on the UDP socket of HTTP/3: garbage, handshakes that do not go on, connection after connection.
 *
 * @module
 */

import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { H3AttackTarget, record } from "../_support/h3_attack_target.ts";
import { ATTACK_MS, H3Attacker } from "../_support/h3_attacker.ts";
import { captureInitials, openSocket } from "../_support/quic_datagrams.ts";
import { BACKENDS, connectInVain } from "../_support/quic_pair.ts";
import { seededRandom } from "../_support/fake_quic_network.ts";
import { eventually } from "../_support/waiting.ts";

/** Datagrams of a flood. */
const FLOOD = 5_000;

/** A client's first datagram has at least so many bytes (RFC 9000 §14.1). */
const INITIAL_BYTES = 1_200;

/** Ways to make the datagrams of a flood, from a recorded Initial packet and random numbers. */
const GARBAGE: readonly {
  readonly name: string;
  readonly make: (initial: Uint8Array, random: () => number) => Uint8Array;
}[] = [
  {
    name: "random bytes of any length",
    make: (_initial, random) => bytes(random() % 1_500, random),
  },
  {
    name: "random bytes that begin as a long header of QUIC",
    make(_initial, random) {
      const datagram = bytes(INITIAL_BYTES, random);
      datagram.set([0xc0, 0, 0, 0, 1, 8]);
      return datagram;
    },
  },
  {
    name: "random bytes that begin as a short header of QUIC",
    make: (_initial, random) => bytes(100, random).with(0, 0x40),
  },
  {
    name: "Initial packets with one byte changed",
    make: (initial, random) => initial.with(random() % initial.length, random() & 0xff),
  },
  {
    name: "Initial packets cut short",
    make: (initial, random) => initial.subarray(0, random() % initial.length),
  },
  {
    name: "Initial packets of versions that nobody speaks",
    make(initial, random) {
      const datagram = initial.slice();
      datagram.set(bytes(4, random), 1);
      return datagram;
    },
  },
  {
    name: "the same Initial packet again and again",
    make: (initial) => initial,
  },
];

function bytes(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => random() & 0xff);
}

const backend = BACKENDS[0]!; // streams do not matter here

/** More than any test takes. */
const NEVER_SECONDS = 3_600;

/** What a handshake may take here: not for ever, as there has to be nothing left, but on a busy machine. */
const HANDSHAKE_SECONDS = 3;

for (const { name, make } of GARBAGE) {
  Deno.test(`An HTTP/3 socket survives a flood of ${name}`, async () => {
    await using target = new H3AttackTarget(backend, { handshakeTimeout: HANDSHAKE_SECONDS });
    const bystander = target.bystander();
    const [initial] = await captureInitials(1);
    const random = seededRandom(42);
    using socket = openSocket();
    for (let i = 0; i < FLOOD; i++) await socket.send(make(initial!, random), target.port);
    record(`others' p99: ${(await bystander.end()).toFixed(1)} ms`);
    await target.empties();
    // What a single packet may still cause, one changed byte in a padding for example, is a handshake.
    assert.deepEqual(target.refused.filter((reason) => !/^(handshake|limit): /.test(reason)), []);
    assert.deepEqual(target.closed, []);
  });
}

Deno.test("An HTTP/3 socket offers its version to a client of another one, in fewer bytes than it got", async () => {
  await using target = new H3AttackTarget(backend);
  const [initial] = await captureInitials(1);
  using socket = openSocket();
  const unknown = initial!.slice();
  unknown.set([0x1a, 0x2a, 0x3a, 0x4a], 1); // reserved (RFC 9000 §15)
  await socket.send(unknown, target.port);
  const answer = await withDeadline(socket.receive(), "Version Negotiation", ATTACK_MS);
  assert.deepEqual([...answer.subarray(1, 5)], [0, 0, 0, 0]);
  assert.ok(answer.length < unknown.length);
  await target.empties();
});

Deno.test("HTTP/3 handshakes that do not go on: the rest is refused, and who is in is served", async () => {
  const handshakes = 50;
  await using target = new H3AttackTarget(backend, {
    maxHandshakes: handshakes,
    handshakeTimeout: NEVER_SECONDS,
    idleTimeout: NEVER_SECONDS,
  });
  const initials = await captureInitials(handshakes + 20);
  using socket = openSocket();
  using early = await H3Attacker.connect(target.port);
  for (const [index, initial] of initials.entries()) {
    await socket.send(initial, target.port); // one by one: the system drops what it cannot keep
    await eventually(
      () => target.handshakes + target.refused.length === index + 1,
      `the server to notice client ${index}`,
    );
  }
  assert.deepEqual([target.handshakes, target.refused.length], [handshakes, 20]);
  await assert.rejects(H3Attacker.connect(target.port), /refused/);
  const control = await early.control();
  const stream = await early.request("GET", "/");
  stream.finish();
  assert.equal((await stream.answer()).status, 200, "who is in is served");
  assert.ok(control);
  await early.close();
  assert.equal(target.handshakes, handshakes);
  assert.deepEqual(target.refused.filter((reason) => !/50 handshakes are open/.test(reason)), []);
});

Deno.test("HTTP/3 handshakes that do not go on end after their time, and everybody is served", async () => {
  const handshakes = 20;
  await using target = new H3AttackTarget(backend, { handshakeTimeout: HANDSHAKE_SECONDS });
  const initials = await captureInitials(handshakes);
  using socket = openSocket();
  for (const initial of initials) await socket.send(initial, target.port);
  const late = () =>
    target.refused.filter((reason) => /did not complete the handshake/.test(reason));
  await eventually(() => late().length === handshakes, "the end of the handshakes");
  await target.bystander().end();
  await target.empties();
  assert.equal(target.refused.length, handshakes);
});

Deno.test("An HTTP/3 listener serves a thousand connections one after the other, and keeps nothing of them", async () => {
  await using target = new H3AttackTarget(backend);
  const bystander = target.bystander();
  const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
  for (let i = 0; i < 250; i++) {
    await Promise.all([0, 1, 2, 3].map(async (kind) => {
      using attacker = await H3Attacker.connect(target.port, undefined, endpoint);
      if (kind > 0) await attacker.control();
      if (kind > 1) await attacker.request("POST", "/echo"); // and never ends it
      if (kind > 2) await (await attacker.request("GET", "/")).answer();
      await attacker.close();
    }));
  }
  endpoint.close();
  record(`others' p99: ${(await bystander.end()).toFixed(1)} ms`);
  await target.empties();
  const early = "handshake: the connection was closed"; // before the server knew that it was done
  assert.deepEqual(target.refused.filter((reason) => reason !== early), []);
  assert.deepEqual(target.closed, []);
});

Deno.test("HTTP/3 connections beyond those of one client are closed at once, however often it tries", async () => {
  await using target = new H3AttackTarget(backend, {
    maxConnectionsPerClient: 10,
    idleTimeout: NEVER_SECONDS,
  });
  const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
  const attackers: H3Attacker[] = [];
  for (let i = 0; i < 10; i++) {
    attackers.push(await H3Attacker.connect(target.port, undefined, endpoint));
  }
  for (let i = 0; i < 300; i++) await connectInVain(target.port, { endpoint });
  await eventually(() => target.refused.length === 300, "the reports");
  for (const attacker of attackers) {
    assert.ok(!attacker.over, "who is in stays");
    await attacker.close();
  }
  endpoint.close();
  await eventually(() => target.connections === 0, "room for others");
  await target.bystander().end();
  await target.empties();
});
