/**
 * The server under attack: `deno run -A tests/load/attack_server.ts PORT ADMIN_PORT CONFIG`, where CONFIG is JSON.
 *
 * @module
 */

import { start } from "../../mod.ts";
import { CONTENT } from "../_support/attack_bystander.ts";

/** Bytes of a large answer, more than systems buffer. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Milliseconds of the slow handler. */
const SLOW_MS = 1_000;

const large = new Uint8Array(LARGE_BYTES);
const piece = large.subarray(0, 64 * 1024);

const [port = "", adminPort = "", config = "{}"] = Deno.args;
const file = await Deno.makeTempFile();
await Deno.writeFile(file, large);

async function handle(request: Request): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/large":
      return new Response(large);
    case "/file":
      return new Response((await Deno.open(file)).readable);
    case "/stream":
      return new Response(
        new ReadableStream({ pull: (controller) => controller.enqueue(piece.slice()) }),
      );
    case "/echo":
      return new Response(`${(await request.bytes()).length}\n`);
    case "/slow":
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      return new Response(CONTENT);
    default:
      return new Response(CONTENT);
  }
}

const server = await start(handle, {
  bind: `127.0.0.1:${port}`,
  adminBind: `127.0.0.1:${adminPort}`,
  loglevel: "ERROR",
  ...JSON.parse(config),
});
addEventListener("unload", () => Deno.removeSync(file));
Deno.addSignalListener("SIGTERM", () => server.shutdown().then(() => Deno.exit()));
