/**
 * Test files run once more without the runtime's flag `no-legacy-abort`, as most users run the server: the signal of a
 * request aborts then too when it was answered.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { REPOSITORY } from "./repository.ts";

/** Whether this is such a run. */
export const LEGACY_ABORT: boolean = Deno.env.get("TEST_LEGACY_ABORT") === "1";

/** Runs test files in a process of their own, without the flag. @throws With their output when they fail. */
export async function testWithLegacyAbort(...paths: string[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const config = `${folder}/deno.json`;
    await Deno.writeTextFile(config, await configWithoutFlag());
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--no-lock", "--config", config, ...paths],
      env: { TEST_LEGACY_ABORT: "1", NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assert.ok(success, decoder.decode(stdout) + decoder.decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function configWithoutFlag(): Promise<string> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", REPOSITORY)));
  const absolute = (path: string) => fileURLToPath(new URL(path, REPOSITORY));
  return JSON.stringify({
    unstable: config.unstable.filter((flag: string) => flag !== "no-legacy-abort"),
    imports: config.imports,
    links: config.links?.map(absolute),
    nodeModulesDir: config.nodeModulesDir,
  });
}
