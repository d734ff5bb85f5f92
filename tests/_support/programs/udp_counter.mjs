/**
 * Counts UDP datagrams by name, for Node: it can enlarge the socket's buffer, without which a burst on a busy machine
 * is lost before anybody reads it.
 *
 * Prints its port, and the counts as JSON for every line it reads.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import process from "node:process";

/** @type {Record<string, number>} */
const counts = {};
const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
socket.on("message", (datagram) => {
  const [name = ""] = datagram.toString().split(":", 1);
  counts[name] = (counts[name] ?? 0) + 1;
});
socket.bind(0, "127.0.0.1", () => process.stdout.write(`${socket.address().port}\n`));
process.stdin.on("data", () => process.stdout.write(`${JSON.stringify(counts)}\n`));
process.stdin.on("end", () => socket.close());
