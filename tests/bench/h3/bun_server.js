// Bun's own HTTP/3 server: `bun tests/bench/h3/bun_server.js PORT CERTFILE KEYFILE [BYTES]`.
//
// It gives the answer of `bare.ts`, or as many bytes. A version of Bun without HTTP/3 ignores the option and serves TCP only.
const [port, certfile, keyfile, bytes] = Bun.argv.slice(2);
const content = bytes === undefined ? "Hello, World!\n" : new Uint8Array(Number(bytes)).fill(0x2e);
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  http3: true,
  tls: { cert: Bun.file(certfile), key: Bun.file(keyfile) },
  fetch: () => new Response(content),
});
