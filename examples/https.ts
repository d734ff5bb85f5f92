/**
 * HTTPS with HTTP/2 on one address, plain HTTP on another. Make a certificate for this machine first:
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem
 *     npx -y deno@2.9.6 run --allow-net --allow-read=cert.pem,key.pem examples/https.ts
 *     curl --cacert cert.pem https://localhost:8443/
 *
 * @module
 */

import { type FetchInfo, serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

function app(request: Request, info: FetchInfo): Response {
  const { protocol } = new URL(request.url);
  return new Response(`Hello over ${protocol} and HTTP/${info.httpVersion}\n`);
}

await serve(app, {
  bind: Deno.args[0] ?? "127.0.0.1:8443",
  insecureBind: Deno.args[1] ?? "127.0.0.1:8000",
  certfile: "cert.pem",
  keyfile: "key.pem",
});
