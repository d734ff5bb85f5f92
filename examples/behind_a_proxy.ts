/**
 * Behind a reverse proxy that does TLS: the application sees the client's address and URL, and what came over plain HTTP
 * is sent to HTTPS.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/behind_a_proxy.ts
 *     curl -H 'Forwarded: for=192.0.2.1;proto=https;host=example.com' http://127.0.0.1:8000/path
 *     curl -i -H 'Forwarded: for=192.0.2.1;proto=http;host=example.com' http://127.0.0.1:8000/path
 *
 * What nginx has to say for it: `proxy_set_header Forwarded 'for="$remote_addr";proto=$scheme;host="$http_host"';`
 *
 * @module
 */

import { type FetchHandler, serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"
import { proxyFix, redirectToHttps } from "../src/middleware/mod.ts"; // "jsr:@x/hypercorn/middleware"

const app: FetchHandler = (request, { remoteAddr }) => {
  const client = "hostname" in remoteAddr ? remoteAddr.hostname : "somebody";
  return new Response(`${client} asked for ${request.url}\n`);
};

// The outermost sees a request first: the proxy is believed before the scheme is judged. Anybody else's word does not count.
const behindProxy = proxyFix(redirectToHttps(app), { mode: "modern", trusted: ["127.0.0.1"] });

await serve(behindProxy, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
