/**
 * `--reload` as a developer sees it, in a real terminal: a good edit, a broken one, a good one again.
 */

import assert from "node:assert/strict";
import { CommandLine } from "../_support/command_line.ts";
import { isInstalled } from "../_support/server_process.ts";

const HAS_SCRIPT = await isInstalled("sh", "-c", "command -v script");

const app = (text: string) =>
  `import { word } from "./word.ts";
export default () => new Response("${text} " + word);
`;

Deno.test({
  name: "--reload serves each good edit, and the last good one while the newest does not load",
  ignore: Deno.build.os !== "linux" || !HAS_SCRIPT,
  async fn() {
    const cwd = await Deno.makeTempDir();
    const edit = (file: string, text: string) => Deno.writeTextFile(`${cwd}/${file}`, text);
    try {
      await edit("word.ts", `export const word = "world";\n`);
      await edit("main.ts", app("hello"));
      const args = ["main.ts", "--reload", "--bind", "127.0.0.1:0"];
      await using server = new CommandLine(args, { cwd, terminal: true });
      await server.says(/Watching files/);
      const url = server.urls[0]!;
      assert.equal(await textOf(url), "hello world");

      await edit("main.ts", app("good day"));
      await server.says(/Reloading: \S*main\.ts\S* changed/);
      await server.says(/Reloaded/);
      assert.equal(await textOf(url), "good day world");

      await edit("main.ts", `export default () => new Response("oops";\n`);
      await server.says(/the old one serves on/);
      assert.match(server.text, /main\.ts:1:4\d/, "the error names the place");
      assert.equal(await textOf(url), "good day world");

      await edit("main.ts", app("goodbye"));
      await server.says(/Reloaded/, 2);
      assert.equal(await textOf(url), "goodbye world");

      await edit("word.ts", `export const word = "all";\n`);
      await server.says(/Reloaded/, 3);
      assert.equal(await textOf(url), "goodbye all");

      await server.type("\x03");
      assert.equal(await server.exitCode(), 0, server.text);
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
});

/** Asks until a connection is not the one that a closing listener loses. */
async function textOf(url: string): Promise<string> {
  for (let attempt = 0;; attempt++) {
    try {
      return await (await fetch(url, { headers: { connection: "close" } })).text();
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}
