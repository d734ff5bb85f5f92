import assert from "node:assert/strict";
import fc from "fast-check";
import { LineBuffer } from "../../src/logging/line_buffer.ts";
import type { LossWatch } from "../../src/logging/loss_notice.ts";
import type { Output } from "../../src/logging/output.ts";
import { WaitingBytes } from "../../src/logging/waiting_bytes.ts";
import { withDeadline } from "../_support/deadline.ts";
import { eventually } from "../_support/waiting.ts";

const DEADLINE_MS = 30_000;

/** An output that takes what the test says: a number of bytes, an error, or (by default) all. */
class FakeOutput implements Output {
  text = "";
  writes = 0;
  closed = 0;
  /** One for each write to come. */
  readonly answers: (number | Error)[] = [];
  readonly #written = Promise.withResolvers<void>();
  /** Settles with the first write. */
  readonly written = this.#written.promise;

  writeSync(bytes: Uint8Array): number {
    this.writes++;
    const answer = this.answers.shift() ?? bytes.length;
    if (answer instanceof Error) throw answer;
    this.text += new TextDecoder().decode(bytes.subarray(0, answer));
    this.#written.resolve();
    return Math.min(answer, bytes.length);
  }

  reopen(): void {}

  close(): void {
    this.closed++;
  }
}

function setup(...answers: (number | Error)[]): { output: FakeOutput; lines: LineBuffer } {
  const output = new FakeOutput();
  output.answers.push(...answers);
  return { output, lines: new LineBuffer(output) };
}

Deno.test("LineBuffer writes nothing until it must, then all at once", () => {
  const { output, lines } = setup();
  lines.add("one");
  lines.add("two");
  assert.equal(output.writes, 0);
  lines.flush();
  assert.equal(output.text, "one\ntwo\n");
  assert.equal(output.writes, 1);
  lines.flush();
  assert.equal(output.writes, 1);
  lines.close();
});

Deno.test("LineBuffer writes a single line after a moment by itself", async () => {
  const { output, lines } = setup();
  lines.add("alone");
  await withDeadline(output.written, "the line", DEADLINE_MS);
  assert.equal(output.text, "alone\n");
  lines.close();
});

Deno.test("LineBuffer writes a batch of 16 KiB at once, and a line of any length", () => {
  const { output, lines } = setup();
  const line = "x".repeat(999);
  for (let count = 0; count < 16; count++) lines.add(line);
  assert.equal(output.writes, 0);
  lines.add(line);
  assert.equal(output.text, `${line}\n`.repeat(17));
  const long = "é中".repeat(100_000);
  lines.add(long);
  assert(output.text.endsWith(`\n${long}\n`));
  lines.close();
});

Deno.test("LineBuffer goes on after a write that took only a part", () => {
  const { output, lines } = setup(1, 2, 3);
  lines.add("in pieces");
  lines.flush();
  assert.equal(output.text, "in pieces\n");
  lines.close();
});

Deno.test("LineBuffer loses what a full disk does not take, and begins the next line anew", () => {
  const { output, lines } = setup(5, new Error("No space left on device"));
  lines.add("broken line");
  lines.flush();
  lines.add("whole line");
  lines.flush();
  assert.equal(output.text, "broke\nwhole line\n");
  output.answers.push(new Error("No space left on device"));
  lines.add("lost");
  lines.flush();
  lines.add("next");
  lines.close();
  assert.equal(output.text, "broke\nwhole line\nnext\n");
});

Deno.test("LineBuffer keeps what a pipe does not take that would block, for later", async () => {
  const { output, lines } = setup(3, new Deno.errors.WouldBlock());
  lines.add("first");
  lines.flush();
  assert.equal(output.text, "fir");
  lines.add("second");
  await eventually(() => output.text.endsWith("second\n"), "the rest");
  assert.equal(output.text, "first\nsecond\n");
  lines.close();
});

Deno.test("LineBuffer drops whole lines once a pipe lets a megabyte wait", () => {
  const { output, lines } = setup();
  const block = () => output.answers.push(new Deno.errors.WouldBlock());
  const line = "x".repeat(20_000);
  for (let count = 0; count < 100; count++) {
    block();
    lines.add(line);
  }
  lines.close();
  const written = output.text.split("\n");
  assert.equal(written.pop(), "");
  assert(written.every((text) => text === line));
  assert(written.length >= 50 && written.length <= 53, `${written.length} lines`);
});

Deno.test("LineBuffer does not copy what waits for a slow pipe with every line, and keeps all of it", () => {
  const { output, lines } = setup();
  const line = "x".repeat(99);
  const arrays = new Set<ArrayBufferLike>();
  const { writeSync } = output;
  output.writeSync = (bytes) => {
    arrays.add(bytes.buffer);
    if (output.answers.length === 0) return writeSync.call(output, bytes);
    throw output.answers.shift();
  };
  const added = 1024 * 1024 / 100 | 0; // the last that fits
  for (let count = 0; count < added + 3; count++) {
    output.answers.push(new Deno.errors.WouldBlock());
    lines.add(line);
    lines.flush();
  }
  assert(arrays.size <= 20, `${arrays.size} arrays`);
  lines.close();
  assert.equal(output.text, `${line}\n`.repeat(added));
});

Deno.test("WaitingBytes does what a string does", () => {
  const step = fc.oneof(
    fc.record({ add: fc.string({ unit: "binary-ascii", maxLength: 9_000 }) }),
    fc.record({ drop: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.constant("clear" as const),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    const waiting = new WaitingBytes();
    let model = "";
    for (const one of steps) {
      if (one === "clear") {
        waiting.clear();
        model = "";
      } else if ("add" in one) {
        waiting.add(new TextEncoder().encode(one.add));
        model += one.add;
      } else {
        const count = Math.floor(one.drop * model.length);
        waiting.drop(count);
        model = model.slice(count);
      }
      assert.equal(waiting.size, model.length);
      assert.equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(waiting.view), model);
    }
  }));
});

Deno.test("LineBuffer writes what is left when it is closed, once, and nothing afterwards", () => {
  const { output, lines } = setup();
  lines.add("last");
  lines.close();
  assert.equal(output.text, "last\n");
  lines.add("too late");
  lines.flush();
  lines.close();
  assert.equal(output.text, "last\n");
});

/** Notes what it is told. */
class FakeWatch implements LossWatch {
  readonly told: string[] = [];

  lost(lines: number, reason: string): void {
    this.told.push(`${lines} ${reason}`);
  }

  written(): void {
    this.told.push("written");
  }

  closed(): void {
    this.told.push("closed");
  }
}

Deno.test("LineBuffer tells how many lines each failed write took, a broken one among them", () => {
  const { output } = setup();
  const watch = new FakeWatch();
  const lines = new LineBuffer(output, watch);
  const flush = (text: string[], ...answers: (number | Error)[]) => {
    output.answers.push(...answers);
    for (const line of text) lines.add(line);
    lines.flush();
  };
  flush(["one", "two", "three"], 6, new Error("full")); // "one", and two letters of "two"
  flush(["four"], new Error("full")); // the line feed that ends the broken line is none
  flush(["five"]);
  lines.close();
  assert.equal(output.text, "one\ntw\nfive\n");
  assert.deepEqual(watch.told, ["2 full", "1 full", "written", "closed"]);
});

Deno.test("LineBuffer tells of lines that a stalled reader makes it drop, once it has a megabyte", () => {
  const { output } = setup();
  const watch = new FakeWatch();
  const lines = new LineBuffer(output, watch);
  for (let count = 0; count < 100; count++) {
    output.answers.push(new Deno.errors.WouldBlock());
    lines.add("x".repeat(20_000));
  }
  const lost = watch.told.length;
  assert.deepEqual(
    new Set(watch.told),
    new Set([
      "1 its reader takes nothing more",
    ]),
  );
  lines.close();
  assert.equal(output.text.split("\n").length - 1, 100 - lost);
});

Deno.test("LineBuffer.close() waits a second for a reader, then tells what it did not take", () => {
  const { output } = setup();
  const watch = new FakeWatch();
  const lines = new LineBuffer(output, watch);
  output.writeSync = () => {
    throw new Deno.errors.WouldBlock();
  };
  lines.add("one");
  lines.add("two");
  const start = performance.now();
  lines.close();
  const seconds = (performance.now() - start) / 1000;
  assert(seconds > 0.9 && seconds < 30, `${seconds} s`);
  assert.deepEqual(watch.told, [
    "2 its reader takes nothing more",
    "closed",
  ]);
  assert.equal(output.closed, 1);
});
