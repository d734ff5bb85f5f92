/** A service that is slow, absent, or not allowed: nobody notices but the log, once a minute. */

import assert from "node:assert/strict";
import { DatagramSender } from "../../src/metrics/datagram_sender.ts";
import { withDeadline } from "../_support/deadline.ts";
import { eventually } from "../_support/waiting.ts";
import { FakeClock } from "./requests.ts";
import { UDPListener } from "./udp_listener.ts";

const utf8 = new TextEncoder();

/** A sender whose warnings and clock a test holds. */
function makeSender(options: Partial<ConstructorParameters<typeof DatagramSender>[0]> = {}) {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const sender = new DatagramSender({
    target: "service.test:8125",
    warn: (message) => warnings.push(message),
    now: clock.now,
    ...options,
  });
  return { sender, clock, warnings, send: (text: string) => sender.send(utf8.encode(text)) };
}

Deno.test("DatagramSender resolves a name once", async () => {
  await using listener = await UDPListener.open();
  const names: string[] = [];
  const { sender, send, warnings } = makeSender({
    target: `service.test:${listener.authority.split(":")[1]}`,
    resolve(name) {
      names.push(name);
      return Promise.resolve({ address: "127.0.0.1", family: 4 });
    },
  });
  for (const text of ["a", "b"]) {
    send(text);
    await eventually(() => listener.received.includes(text), text);
  }
  assert.deepEqual([names, warnings], [["service.test"], []]);
  await sender.close();
});

Deno.test("DatagramSender resolves a name again a second after a failure, and warns once a minute", async () => {
  await using listener = await UDPListener.open();
  let works = false;
  let attempts = 0;
  const { sender, clock, warnings, send } = makeSender({
    target: `service.test:${listener.authority.split(":")[1]}`,
    resolve() {
      attempts++;
      return works
        ? Promise.resolve({ address: "127.0.0.1", family: 4 })
        : Promise.reject(new Error("getaddrinfo ENOTFOUND service.test"));
    },
  });
  /** Sends at a time, and waits for the attempt if one is to come. */
  const sendAt = async (time: number, attempt: number) => {
    clock.time = time;
    send(`at ${time}`);
    await eventually(() => attempts >= attempt, `attempt ${attempt}`);
    await new Promise((resolve) => setTimeout(resolve)); // its failure is noted
    assert.equal(attempts, attempt);
  };
  await sendAt(0, 1);
  await sendAt(999, 1);
  await sendAt(1000, 2);
  assert.equal(warnings.length, 1);
  await sendAt(60_000, 3);
  assert.deepEqual(
    warnings,
    new Array(2).fill(
      `Cannot send metrics to "${
        listener.authority.replace("127.0.0.1", "service.test")
      }": getaddrinfo ENOTFOUND service.test. Those are lost`,
    ),
  );
  works = true;
  await sendAt(61_000, 4);
  assert.deepEqual(await listener.take(1), ["at 61000"]);
  await sender.close();
});

Deno.test("DatagramSender goes on after a datagram that cannot be sent", async () => {
  await using listener = await UDPListener.open();
  const { sender, clock, warnings, send } = makeSender({ target: listener.authority });
  send("x".repeat(70_000));
  await eventually(() => warnings.length > 0, "a warning");
  assert.match(warnings[0]!, /EMSGSIZE/);
  clock.time = 1000;
  send("small");
  assert.deepEqual(await listener.take(1), ["small"]);
  await sender.close();
});

Deno.test("DatagramSender does not care whether anybody listens", async () => {
  const listener = await UDPListener.open();
  const { sender, warnings, send } = makeSender({ target: listener.authority });
  await listener[Symbol.asyncDispose]();
  for (let count = 0; count < 20; count++) send("x");
  await sender.close();
  assert.deepEqual(warnings, []);
});

Deno.test("DatagramSender holds 10,000 datagrams and drops more, with one warning", async () => {
  const opened = Promise.withResolvers<never>();
  const { sender, warnings, send } = makeSender({ resolve: () => opened.promise });
  for (let count = 0; count < 10_000; count++) send("x");
  assert.deepEqual(warnings, []);
  send("x");
  send("x");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /: 10000 datagrams wait already\. Those are lost$/);
  opened.reject(new Error("in vain"));
  await sender.close();
});

Deno.test("DatagramSender.close() does not wait for a name that is never resolved", async () => {
  const opened = Promise.withResolvers<{ address: string; family: number }>();
  const { sender, warnings, send } = makeSender({ resolve: () => opened.promise });
  send("x");
  await withDeadline(sender.close(), "the end of close()");
  opened.resolve({ address: "127.0.0.1", family: 4 }); // too late: what is opened now is closed at once
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(warnings, []);
});

for (const target of ["127.0.0.1:8125", "[::1]:8125", "192.0.2.1:8125"]) {
  Deno.test({
    name: `DatagramSender warns when Deno may not send to ${target}, and the process goes on`,
    permissions: { net: false },
    async fn() {
      const { sender, warnings, send } = makeSender({ target });
      send("x");
      await eventually(() => warnings.length > 0, "a warning");
      await sender.close();
      assert.match(
        warnings[0]!,
        /: Deno was not given permission: run with --allow-net=\S+\. Those/,
      );
    },
  });
}
