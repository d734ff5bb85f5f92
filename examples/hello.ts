/**
 * A fetch application: a request comes in, a response goes out. `deno task start` serves this file.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/hello.ts
 *     curl -i http://127.0.0.1:8000/
 *
 * It answers on port 8443, too, over HTTPS and HTTP/3, and prints a command that tries the latter.
 *
 * Every example takes other addresses as its arguments, e.g. `127.0.0.1:8080 127.0.0.1:9443`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it talks to the person who started it

import { type Bind, BindError, serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

function app(request: Request): Response {
  const { pathname } = new URL(request.url);
  return new Response(`Hello from ${pathname}\n`);
}

const [plain = "127.0.0.1:8000", secure = "127.0.0.1:8443"] = Deno.args;

/** Bun comes from npm and is a client of HTTP/3; nobody trusts a certificate for development. */
function printCommand(binds: readonly Bind[]): void {
  const url = binds.find(({ versions }) => versions.includes("3"))?.url;
  const options = '{ protocol: "http3", tls: { rejectUnauthorized: false } }';
  console.log(
    `Try HTTP/3: npx -y bun@1 -p '(await fetch("${url}/", ${options})).text()'`,
  );
}

try {
  await serve(app, {
    bind: secure,
    quicBind: secure, // HTTP/3
    insecureBind: plain, // without TLS
    devCertificate: true, // yours would be `certfile` and `keyfile`
  }, { taskStatus: { started: printCommand } });
} catch (error) {
  if (!(error instanceof BindError)) throw error;
  console.error(error.message);
  console.error("Other addresses: deno task start 127.0.0.1:8080 127.0.0.1:9443");
  Deno.exit(1);
}
