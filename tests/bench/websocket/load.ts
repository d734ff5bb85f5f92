/**
 * Load of WebSocket messages, and the check that contestants do the same with them.
 *
 * @module
 */

import { outputOf } from "../../_support/h3_tools.ts";
import { isInstalled, type ServerCommand } from "../../_support/server_process.ts";
import { type Payload, WebSocketClient } from "../../_support/websocket_client.ts";
import { connectWebSocketH3 } from "../../_support/websocket_h3_client.ts";
import type { Load } from "../measure.ts";
import type { Pinning } from "../pinning.ts";
import type { WebSocketContestant } from "./contestants.ts";

/** What is sent. */
export interface Messages {
  /** Bytes of each message. */
  readonly bytes: number;
  /** Binary messages, else text. */
  readonly binary: boolean;
}

/** Parameters of a run. */
export interface MessageLoadOptions extends Messages {
  /** Open WebSockets. */
  readonly sockets: number;
  /** Messages in flight on each. */
  readonly depth: number;
  /** Seconds. */
  readonly seconds: number;
  /** Connections that WebSockets over HTTP/3 share. */
  readonly connections: number;
  /** Where it runs. */
  readonly pinning: Pinning;
}

const FOLDER = new URL("./", import.meta.url).pathname;

/** How to run the client over TCP: Node.js where it is, for its sockets cost the least, or else Deno. */
export async function findTcpClient(): Promise<ServerCommand> {
  const client = `${FOLDER}load_client.js`;
  if (await isInstalled("node", "--version")) return { command: "node", args: [client] };
  return { command: Deno.execPath(), args: ["run", "-A", client] };
}

/** The load on either kind of contestant; "requests" are messages that came back. */
export function messageLoad(
  options: MessageLoadOptions,
  tcpClient: ServerCommand,
  contestants: readonly WebSocketContestant[],
): Load {
  const { seconds, sockets, depth, bytes, binary, connections, pinning } = options;
  const all = { seconds, sockets, depth, bytes };
  const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
  if (binary) flags.push("--binary");
  const h3Client = {
    command: Deno.execPath(),
    args: ["run", "-A", `${FOLDER}h3_load_client.ts`, "--connections", String(connections)],
  };
  return async (url, name) => {
    const { http3 } = contestants.find((contestant) => contestant.name === name)!;
    const client = http3 ? h3Client : tcpClient;
    const { command, args } = pinning.load({
      ...client,
      args: [...client.args, http3 ? secure(url) : url, ...flags],
    });
    const { messages, seconds, failures } = JSON.parse(await outputOf(command, args));
    return { requests: messages, requestsPerSecond: messages / seconds, errors: failures };
  };
}

/**
 * Checks that a contestant sends back what it gets, so that all do the same work.
 *
 * @throws {Error} Naming the contestant and what came back.
 */
export async function checkEcho(
  { name, http3 }: WebSocketContestant,
  url: string,
  { bytes, binary }: Messages,
): Promise<void> {
  const sent: Payload = binary ? new Uint8Array(bytes).fill(0x2a) : "*".repeat(bytes);
  using client = await (http3 ? connectWebSocketH3(secure(url)) : WebSocketClient.open(url));
  await client.send(sent);
  const received = await client.message();
  if (typeof received === typeof sent && String(received) === String(sent)) return;
  throw new Error(`"${name}" answers "${sent}" with "${received}"`);
}

/** The address of the UDP port of the same number. */
export function secure(url: string): string {
  return url.replace("http:", "https:");
}
