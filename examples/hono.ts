/**
 * A framework: anything with a `fetch` method is an application, so a Hono app is served as it is.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/hono.ts
 *     curl http://127.0.0.1:8000/books/7
 *
 * @module
 */

import { Hono } from "hono"; // in your own program: "npm:hono"
import { type FetchInfo, serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

// The second argument of a fetch application is what Hono calls its bindings.
const app = new Hono<{ Bindings: FetchInfo }>();

app.get("/", (context) => context.text(`Hello over HTTP/${context.env.httpVersion}\n`));
app.get("/books/:id", (context) => context.json({ id: Number(context.req.param("id")) }));

await serve(app, { bind: Deno.args[0] ?? "127.0.0.1:8000" });
