/**
 * For `deno serve` and Deno Deploy, which call a default export: any application as a fetch handler.
 *
 *     npx -y deno@2.9.6 serve --port 8000 --host 127.0.0.1 examples/deploy.ts
 *     curl http://127.0.0.1:8000/
 *
 * @module
 */

import { type ASGIFramework, toFetchHandler } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

const app: ASGIFramework = async (scope, _receive, send) => {
  if (scope.type !== "http") return; // nothing to start, no WebSockets
  const headers = [["content-type", "text/plain"]] as const;
  await send({ type: "http.response.start", status: 200, headers });
  await send({ type: "http.response.body", body: `Hello from ${scope.path}\n` });
};

export default { fetch: toFetchHandler(app) };
