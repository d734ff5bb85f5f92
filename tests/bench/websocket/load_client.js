// WebSocket messages over TCP, for Node.js and Deno: one line of JSON on standard output.
//
//   node load_client.js URL [--seconds 1] [--sockets 64] [--depth 8] [--bytes 32] [--binary]
//       {"messages", "seconds", "failures"}; the time begins when all sockets are open
//
// Each socket sends DEPTH messages in one write, and the next ones when all of these have come back. The frames are made
// once, and of what comes back only the bytes are counted: a client that did more would be slower than the server.

// deno-lint-ignore-file no-console -- a command line tool

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import process from "node:process";
import { parseArgs } from "node:util";

const HANDSHAKE = [
  ...["GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"],
  ...["Sec-WebSocket-Key: UnQ3lpJAH6j2PslA993iKQ==", "Sec-WebSocket-Version: 13", "", ""],
].join("\r\n");

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "1" },
    sockets: { type: "string", default: "64" },
    depth: { type: "string", default: "8" },
    bytes: { type: "string", default: "32" },
    binary: { type: "boolean", default: false },
  },
});
const { hostname, port } = new URL(positionals[0]);
const depth = Number(values.depth);
const bytes = Number(values.bytes);
const { batch, replyBytes } = framesOf();

/** What is written at once, and how much comes back for it (RFC 6455 §5.2). */
function framesOf() {
  const length = bytes < 126 ? [bytes] : bytes < 65_536 ? [126, bytes >> 8, bytes & 255] : null;
  if (length === null) throw new RangeError(`Expected --bytes below 65536, received ${bytes}`);
  const mask = [0x37, 0xfa, 0x21, 0x3d];
  const head = [values.binary ? 0x82 : 0x81, 0x80 | length[0], ...length.slice(1), ...mask];
  const payload = Array.from({ length: bytes }, (_, index) => 0x2a ^ mask[index % 4]);
  const frame = Buffer.from([...head, ...payload]);
  return { batch: Buffer.concat(Array(depth).fill(frame)), replyBytes: 1 + length.length + bytes };
}

let messages = 0;
let failures = 0;

/** Opens one WebSocket. */
function open() {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const fail = (error) => {
      if (failures++ === 0) console.error(error ?? "The connection ended");
      resolve(socket);
    };
    socket.once("error", fail).once("end", fail).once("data", (answer) => {
      if (!answer.toString("latin1").startsWith("HTTP/1.1 101")) fail(answer.toString("latin1"));
      resolve(socket);
    });
    socket.write(HANDSHAKE);
  });
}

/** Sends messages until the end of the program. */
function echo(socket) {
  let missing = replyBytes * depth;
  socket.on("data", ({ length }) => {
    missing -= length;
    if (missing > 0) return;
    if (missing < 0 && failures++ === 0) console.error("More came back than was sent");
    messages += depth;
    missing = replyBytes * depth;
    socket.write(batch);
  });
  socket.write(batch);
}

const sockets = await Promise.all(Array.from({ length: Number(values.sockets) }, open));
const started = performance.now();
sockets.forEach(echo);
await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ messages, seconds, failures }));
process.exit(failures === 0 ? 0 : 1); // without waiting for its connections
