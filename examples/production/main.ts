/**
 * What the files of this folder are about: an application that a process manager starts, that has a proxy in front, and
 * that probes ask. README.md, "In production", says what each file is for.
 *
 *     npx -y deno@2.9.6 run -A src/cli/mod.ts examples/production/main.ts --config examples/production/hypercorn.toml
 *     curl -H 'X-Forwarded-For: 192.0.2.1' http://127.0.0.1:8000/path
 *     curl http://127.0.0.1:9000/readyz http://127.0.0.1:9000/metrics
 *
 * In a project of your own the command line is `jsr:@x/hypercorn/cli`.
 *
 * @module
 */

import type { FetchHandler } from "../../mod.ts"; // in your own program: "jsr:@x/hypercorn"
import { proxyFix } from "../../src/middleware/mod.ts"; // "jsr:@x/hypercorn/middleware"

const app: FetchHandler = (request, { remoteAddr }) => {
  const client = "hostname" in remoteAddr ? remoteAddr.hostname : null;
  return Response.json({ url: request.url, client });
};

// Only a proxy on this machine may say who the client is; in a cluster add the network of its proxies.
export default proxyFix(app, { trusted: ["127.0.0.1", "::1"] });
