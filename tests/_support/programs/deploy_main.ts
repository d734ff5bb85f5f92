/**
 * What Deno Deploy runs: `serve()` with a configuration made for another place.
 *
 * @module
 */

import { type ASGIFramework, serve } from "../../../mod.ts";

const app: ASGIFramework = async (scope, _receive, send) => {
  if (scope.type !== "http") throw new Error("no lifespan");
  await send({ type: "http.response.start", status: 200 });
  await send({ type: "http.response.body", body: `deployed ${scope.root_path}${scope.path}` });
};

await serve(app, { bind: "127.0.0.1:1", rootPath: "/mounted", serverNames: [Deno.args[0]!] });
