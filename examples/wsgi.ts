/**
 * A WSGI application (PEP 3333): synchronous, with the request content in memory. It greets who a form names.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/wsgi.ts
 *     curl -d name=Ada http://127.0.0.1:8000/
 *
 * @module
 */

import { serve, type WSGIFramework } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

const FORM = `<!DOCTYPE html>
<form method="post"><input name="name" placeholder="Your name"> <button>Greet</button></form>
`;

// The second parameter has to be called startResponse: that tells this form from the others.
const app: WSGIFramework = (environ, startResponse) => {
  if (environ.REQUEST_METHOD !== "POST") {
    startResponse("200 OK", [["content-type", "text/html; charset=utf-8"]]);
    return [FORM];
  }
  const content = new TextDecoder().decode(environ["wsgi.input"].read());
  const name = new URLSearchParams(content).get("name") ?? "stranger";
  startResponse("200 OK", [["content-type", "text/plain; charset=utf-8"]]);
  return [`Hello ${name}, `, `you asked for ${environ.PATH_INFO}\n`];
};

await serve(app, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
