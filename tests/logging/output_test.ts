import assert from "node:assert/strict";
import { join } from "node:path";
import { openOutput } from "../../src/logging/output.ts";

const ignore = Deno.build.os === "windows";
const UTF8 = new TextEncoder();

async function withFolder(act: (folder: string) => unknown): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function makePipe(path: string): void {
  assert(new Deno.Command("mkfifo", { args: [path] }).outputSync().success);
}

Deno.test({
  name:
    "openOutput() opens a named pipe that nobody reads, and keeps what fits for the next reader",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const path = join(folder, "pipe");
      makePipe(path);
      const output = openOutput({ target: { path }, option: "accesslog" });
      assert.equal(output.writeSync(UTF8.encode("early\n")), 6);
      using reader = await Deno.open(path, { read: true });
      const bytes = new Uint8Array(100);
      assert.equal(await reader.read(bytes), 6);
      output.close();
      output.close();
    }),
});

Deno.test({
  name: "openOutput() of a named pipe blocks nobody when it is full",
  ignore,
  fn: () =>
    withFolder((folder) => {
      const path = join(folder, "pipe");
      makePipe(path);
      const output = openOutput({ target: { path }, option: "accesslog" });
      const bytes = new Uint8Array(16 * 1024);
      assert.throws(() => {
        for (let written = 0; written < 10_000_000;) written += output.writeSync(bytes);
      }, Deno.errors.WouldBlock);
      output.close();
    }),
});

/** Sets the clock forward by eleven seconds until disposed. */
function elevenSecondsLater(): Disposable {
  const { now } = performance;
  performance.now = () => now.call(performance) + 11_000;
  return { [Symbol.dispose]: () => void (performance.now = now) };
}

Deno.test({
  name: "openOutput() makes a file anew that was deleted, but not one that was moved",
  ignore,
  fn: () =>
    withFolder((folder) => {
      const path = join(folder, "a.log");
      const output = openOutput({ target: { path }, option: "accesslog" });
      output.writeSync(UTF8.encode("one\n"));
      Deno.renameSync(path, `${path}.1`);
      {
        using _later = elevenSecondsLater();
        output.writeSync(UTF8.encode("two\n"));
      }
      assert.equal(Deno.readTextFileSync(`${path}.1`), "one\ntwo\n");
      output.reopen();
      Deno.removeSync(path);
      output.writeSync(UTF8.encode("lost\n"));
      {
        using _later = elevenSecondsLater();
        // The last look was eleven seconds ahead, and the next is ten after it.
        using _evenLater = elevenSecondsLater();
        output.writeSync(UTF8.encode("three\n"));
      }
      assert.equal(Deno.readTextFileSync(path), "three\n");
      output.close();
    }),
});

Deno.test({
  name: "openOutput() refuses lines while a deleted file cannot be made anew, and says why",
  ignore,
  fn: () =>
    withFolder((folder) => {
      const path = join(folder, "logs", "a.log");
      Deno.mkdirSync(join(folder, "logs"));
      const output = openOutput({ target: { path }, option: "accesslog" });
      Deno.removeSync(join(folder, "logs"), { recursive: true });
      using _later = elevenSecondsLater();
      for (let count = 0; count < 2; count++) {
        assert.throws(
          () => output.writeSync(UTF8.encode("x\n")),
          /^Error: Cannot open ".*a\.log" anew: No such file/,
        );
      }
      Deno.mkdirSync(join(folder, "logs"));
      output.writeSync(UTF8.encode("back\n"));
      assert.equal(Deno.readTextFileSync(path), "back\n");
      output.close();
    }),
});
