/**
 * A graceful stop: press Ctrl+C while the request below waits, and its answer still comes.
 *
 *     npx -y deno@2.9.6 run --allow-net examples/graceful.ts
 *     curl http://127.0.0.1:8000/
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it shows the order of events

import { serve } from "../mod.ts"; // in your own program: "jsr:@x/hypercorn"

async function app(): Promise<Response> {
  console.log("A request began");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  console.log("A request ended");
  return new Response("Better late than never\n");
}

/**
 * Says when to stop. Without it `serve()` listens for the two signals itself: a second one ends every wait, and the
 * process ends 5 s after a stop that had to cut something.
 */
function shutdownTrigger(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => {
        console.log(`Stopping because of ${signal}`);
        resolve();
      });
    }
  });
}

await serve(app, {
  bind: Deno.args[0] ?? "127.0.0.1:8000",
  gracefulTimeout: 10, // seconds that open requests get to end
}, {
  startup: () => console.log("Opening the database"), // before any request
  shutdown: () => console.log("Closing the database"), // after the last request
  shutdownTrigger,
});
console.log("Stopped");
