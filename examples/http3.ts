/**
 * One application over HTTP/1.1, HTTP/2 and HTTP/3, with a certificate made for the occasion.
 *
 *     npx -y deno@2.9.6 run --allow-net --unstable-net examples/http3.ts
 *     curl -ik --http1.1 https://127.0.0.1:8443/
 *     curl -ik --http2 https://127.0.0.1:8443/
 *     gtlsclient --exit-on-all-streams-close 127.0.0.1 8443 https://127.0.0.1:8443/ 2>&1 | grep 'stream 0x0'
 *     npx -y bun@1 -p '(await fetch("https://127.0.0.1:8443/", { protocol: "http3", tls: { rejectUnauthorized: false } })).text()'
 *
 * The answers to `curl` show the `alt-svc` field, from which browsers learn of HTTP/3. `gtlsclient` is in Debian's
 * package `ngtcp2-client`; it shows the interim response, too.
 *
 * @module
 */

import { type FetchInfo, serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

function app(_request: Request, info: FetchInfo): Response {
  // Returns false where the protocol cannot carry it; the response is the same without.
  info.informational(103, { link: "</style.css>; rel=preload; as=style" });
  return new Response(`Hello over HTTP/${info.httpVersion}\n`);
}

const address = Deno.args[0] ?? "127.0.0.1:8443";
await serve(app, { bind: address, quicBind: address, devCertificate: true });
