/**
 * Our server in a process of its own: `deno run -A tests/bench/h3/serve.ts BACKEND FORM PORT [BYTES]`.
 *
 * @module
 */

import type { ASGIFramework, Framework } from "../../../mod.ts";
import { BACKENDS, listenH3, reportOn } from "../../_support/h3_listener.ts";
import type { Mode } from "../../../src/framework_types.ts";
import { asgi, fetchSync, wsgi } from "../apps.ts";

/** Bytes of a piece of a large content in ASGI form, as the bare server writes them. */
const PIECE_BYTES = 65_536;

function appOf(form: string, size: string | undefined): readonly [Framework, Mode] {
  if (size !== undefined) return largeAppOf(form, Number(size));
  if (form === "fetch") return [fetchSync, "fetch"];
  if (form === "asgi") return [asgi, "asgi"];
  if (form === "wsgi") return [wsgi, "wsgi"];
  throw new Error(`Unknown form "${form}"`);
}

function largeAppOf(form: string, size: number): readonly [Framework, Mode] {
  if (form === "fetch") {
    const content = new Uint8Array(size).fill(0x2e);
    return [() => new Response(content), "fetch"];
  }
  if (form === "asgi") return [largeAsgi(size), "asgi"];
  throw new Error(`No large content in form "${form}"`);
}

function largeAsgi(size: number): ASGIFramework {
  return async (_scope, _receive, send) => {
    const headers: [string, string][] = [["content-length", String(size)]];
    await send({ type: "http.response.start", status: 200, headers });
    for (let left = size; left > 0; left -= PIECE_BYTES) {
      const body = new Uint8Array(Math.min(left, PIECE_BYTES)).fill(0x2e);
      await send({ type: "http.response.body", body, more_body: left > PIECE_BYTES });
    }
  };
}

const [name = "", form = "", port = "", size] = Deno.args;
const backend = BACKENDS.find((known) => known === name);
if (backend === undefined) throw new Error(`Unknown back-end "${name}"`);
const [app, mode] = appOf(form, size);
listenH3(app, { backend, mode, port: Number(port) });
reportOn(Number(port), () => "open");
