import assert from "node:assert/strict";
import { writePidFile } from "../../src/workers/pid_file.ts";

async function inFolder(act: (path: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await act(`${folder}/server.pid`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The id of a process that has just ended. */
async function deadPid(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" }).spawn();
  await child.status;
  return child.pid;
}

Deno.test("writePidFile() writes the process id as a line, and removes the file in the end", () =>
  inFolder((path) => {
    {
      using _file = writePidFile(path);
      assert.equal(Deno.readTextFileSync(path), `${Deno.pid}\n`);
    }
    assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  }));

Deno.test("writePidFile() replaces what is stale", () =>
  inFolder(async (path) => {
    for (const stale of [`${await deadPid()}\n`, `${Deno.pid}`, "", "no number", "-1"]) {
      Deno.writeTextFileSync(path, stale);
      using _file = writePidFile(path);
      assert.equal(Deno.readTextFileSync(path), `${Deno.pid}\n`, JSON.stringify(stale));
    }
  }));

Deno.test("writePidFile() refuses the file of another process that is alive", () =>
  inFolder((path) => {
    Deno.writeTextFileSync(path, `${Deno.ppid}\n`);
    assert.throws(() => writePidFile(path), {
      name: "ConfigError",
      message: `Cannot use option "pidPath": expected the path of a file that can be written, ` +
        `received "${path}" (it names the running process ${Deno.ppid}). Stop that or choose another file`,
    });
    assert.equal(Deno.readTextFileSync(path), `${Deno.ppid}\n`);
  }));

Deno.test("writePidFile() refuses a path that cannot be written", () =>
  inFolder((path) => {
    assert.throws(() => writePidFile(`${path}/missing/file`), { name: "ConfigError" });
  }));

Deno.test({
  name: "writePidFile() refuses pipes and devices, which could be read for ever",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (path) => {
      await new Deno.Command("mkfifo", { args: [path] }).output();
      for (const special of [path, "/dev/zero", path.replace(/\/[^/]*$/, "")]) {
        assert.throws(() => writePidFile(special), {
          name: "ConfigError",
          message: /\(it is not a regular file\)$/,
        });
      }
    }),
});

Deno.test("writePidFile() leaves a file alone that has become another's, or is gone", () =>
  inFolder((path) => {
    {
      using _file = writePidFile(path);
      Deno.writeTextFileSync(path, "1\n");
    }
    assert.equal(Deno.readTextFileSync(path), "1\n");
    Deno.removeSync(path);
    using _file = writePidFile(path);
    Deno.removeSync(path);
  }));
