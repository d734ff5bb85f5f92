/** What the tests of WebSockets share: machines, and everything that one has to say. */

import {
  type MachineEvent,
  type MachineOptions,
  WebSocketMachine,
} from "../../src/websocket/mod.ts";
import type { Received } from "../../src/websocket/events.ts";
import { MessageReader } from "../../src/websocket/message_reader.ts";
import type { DeflateCodec } from "../../src/websocket/mod.ts";
import { frameBytes, type WireFrame } from "./wire.ts";

/** A server's machine as most tests want it, at time 0. */
export function newServer(options: Partial<MachineOptions> = {}): WebSocketMachine {
  return new WebSocketMachine(
    { role: "server", maxMessageSize: 1 << 20, closeTimeout: 5_000, ...options },
    0,
  );
}

/** A client's machine; its masks are the same each time. */
export function newClient(options: Partial<MachineOptions> = {}): WebSocketMachine {
  let state = 1;
  const mask = () => (state = Math.imul(state, 1664525) + 1013904223 | 0);
  return newServer({ role: "client", mask, ...options });
}

/** Gives it frames, and returns what happened. */
export function receive(
  machine: WebSocketMachine,
  frames: readonly WireFrame[],
  now = 0,
): MachineEvent[] {
  for (const frame of frames) machine.receive(frameBytes(frame), now);
  return eventsOf(machine);
}

/** All that happened. */
export function eventsOf(machine: WebSocketMachine): MachineEvent[] {
  const events: MachineEvent[] = [];
  for (let event = machine.next(); event !== null; event = machine.next()) events.push(event);
  return events;
}

/** All that waits to be sent, frame by frame. */
export function takeAll(machine: WebSocketMachine): Uint8Array<ArrayBuffer>[] {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = machine.take(); bytes !== null; bytes = machine.take()) frames.push(bytes);
  return frames;
}

/** What a client understands of what a server's machine sends. */
export function heardOf(machine: WebSocketMachine, codec: DeflateCodec | null = null): Received[] {
  const ear = new MessageReader({
    role: "client",
    maxMessageSize: 2 ** 30,
    maxFragments: Infinity,
    codec,
  });
  for (const bytes of takeAll(machine)) ear.receive(bytes);
  const heard: Received[] = [];
  for (let one = ear.next(); one !== null; one = ear.next()) heard.push(one);
  return heard;
}
