/**
 * Whose WebSockets are measured, and against whom.
 *
 * @module
 */

import { findBun } from "../../_support/h3_tools.ts";
import type { ServerCommand } from "../../_support/server_process.ts";
import type { Comparison, Contestant } from "../contestants.ts";
import type { Messages } from "./load.ts";

/** One server of WebSockets. */
export interface WebSocketContestant extends Contestant {
  /** HTTP/3, else HTTP/1.1. */
  readonly http3: boolean;
  /** What is measured: messages a second, idle sockets. Only ours and the runtime's tell their memory. */
  readonly measured: readonly ("messages" | "memory")[];
}

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Every contestant, in the order of the report. */
export function webSocketContestants({ bytes, binary }: Messages): WebSocketContestant[] {
  const bareH3 = ["bare_h3.ts", [String(bytes), binary ? "binary" : "text"]] as const;
  return [
    onDeno("bare", "Deno.serve, Deno.upgradeWebSocket"),
    onDeno("fetch", "ours, fetch"),
    onDeno("fetch-guarded", "ours, fetch, guarded"),
    onDeno("asgi", "ours, ASGI"),
    onDeno("asgi-guarded", "ours, ASGI, guarded"),
    onBun(),
    onDeno("bare-h3", "constant answer on Deno's QUIC, HTTP/3", ...bareH3),
    onDeno("fetch-h3", "ours, fetch, HTTP/3"),
    {
      ...onDeno("fetch-h3-deflate", "ours, fetch, HTTP/3, compressed"),
      measured: ["memory"], // messages that are made once and only counted cannot be compressed ones
    },
    onDeno("asgi-h3", "ours, ASGI, HTTP/3"),
  ];
}

/** Which ratios are printed. The targets are those of the project's design. */
export const WEBSOCKET_COMPARISONS: readonly Comparison[] = [
  { name: "fetch", against: "bare", target: 0.9 },
  { name: "asgi", against: "bare", target: 0.9 },
  { name: "fetch-guarded", against: "fetch" },
  { name: "asgi-guarded", against: "asgi" },
  { name: "fetch", against: "bun" },
  { name: "fetch-h3", against: "bare-h3" },
  { name: "asgi-h3", against: "bare-h3" },
  { name: "fetch-h3", against: "fetch" },
  { name: "asgi-h3", against: "asgi" },
  { name: "fetch-h3", against: "bare" },
];

/** A program of this folder: ours gets its name and the port, others the port and `args`. */
function onDeno(
  name: string,
  title: string,
  program = "serve.ts",
  args: readonly string[] = [],
): WebSocketContestant {
  const command = (port: number): ServerCommand => ({
    command: Deno.execPath(),
    args: [
      ...["run", "-A", "--v8-flags=--expose-gc", `tests/bench/websocket/${program}`],
      ...(program === "serve.ts" ? [name] : []),
      ...[String(port), ...args],
    ],
    cwd: ROOT,
  });
  return {
    name,
    title,
    http3: name.includes("-h3"),
    measured: program === "serve.ts" ? ["messages", "memory"] : ["messages"],
    find: () => Promise.resolve(command),
  };
}

function onBun(): WebSocketContestant {
  return {
    name: "bun",
    title: "Bun.serve",
    http3: false,
    measured: ["messages"],
    find: async () => {
      const bun = await findBun();
      if (bun === null) return null;
      const program = `${ROOT}tests/bench/websocket/bun_server.js`;
      return (port) => ({ command: bun, args: [program, String(port)] });
    },
  };
}
