// The same answer from Bun, as `tests/bench/apps.ts` gives it: `bun tests/bench/bun.js PORT`.
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  fetch: () => new Response("Hello, World!\n"),
});
