/**
 * How the addresses of one worker differ from the configured ones.
 *
 * TCP ports are shared by all workers: a port 0 becomes the port that the first of them was given. UDP ports are not,
 * because packets would reach the wrong process: each worker has its own, which it advertises on its own TCP
 * responses (`alt-svc`).
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import type { BindSpec, HostAndPort, ResolvedConfig } from "../config/mod.ts";
import { BindError } from "../errors.ts";
import type { Bind } from "../server/listener.ts";
import type { Assignment, ChosenPorts } from "./messages.ts";

/** The configured addresses. */
type Addresses = Pick<ResolvedConfig, "bind" | "insecureBind" | "quicBind">;

const MAX_PORT = 65535;

/**
 * The addresses of one worker.
 *
 * @throws {BindError} When its UDP port would be beyond 65535.
 */
export function assignBinds(
  config: Addresses,
  { ports, portOffset }: Pick<Assignment, "ports" | "portOffset">,
): Addresses {
  const choose = (list: string) => (spec: BindSpec, index: number): BindSpec =>
    isChosen(spec) ? { ...spec, port: ports[keyOf(list, index, spec)] ?? 0 } : spec;
  return {
    bind: config.bind.map(choose("bind")),
    insecureBind: config.insecureBind.map(choose("insecureBind")),
    quicBind: config.quicBind.map((spec) => shiftPort(spec, portOffset)),
  };
}

/**
 * The ports that the system chose for TCP binds with port 0.
 *
 * @param config The addresses as configured.
 * @param binds Those of the running server, which are in the same order.
 */
export function chosenPorts(config: Addresses, binds: readonly Bind[]): ChosenPorts {
  const ports: Record<string, number> = {};
  const specs = [
    ...config.bind.map((spec, index) => ({ spec, key: keyOf("bind", index, spec) })),
    ...config.insecureBind.map((spec, index) => ({
      spec,
      key: keyOf("insecureBind", index, spec),
    })),
  ];
  for (const [index, { spec, key }] of specs.entries()) {
    const addr = binds[index]?.addr;
    if (isChosen(spec) && addr && "port" in addr) ports[key] = addr.port;
  }
  return ports;
}

/** The least number that nobody uses, which keeps the UDP ports of N workers within 2N through every reload. */
export function lowestUnused(used: Iterable<number>): number {
  const taken = new Set(used);
  let offset = 0;
  while (taken.has(offset)) offset++;
  return offset;
}

/**
 * Refuses UDP addresses that would meet each other.
 *
 * @throws {BindError} When two are on the same host and less than twice `workers` apart.
 */
export function refuseMeetingPorts(quicBind: readonly HostAndPort[], workers: number): void {
  const span = 2 * workers;
  for (const [index, spec] of quicBind.entries()) {
    for (const other of quicBind.slice(index + 1)) {
      if (spec.hostname !== other.hostname || spec.port === 0 || other.port === 0) continue;
      if (Math.abs(spec.port - other.port) >= span) continue;
      throw new BindError(
        other.text,
        `Cannot bind UDP "${other.text}" beside "${spec.text}": each of ${workers} workers has a port of its own ` +
          `and so has the one that replaces it. Keep the two at least ${span} apart`,
      );
    }
  }
}

/** The bind's text is part of it: after a change of the configuration the port of another address is not taken over. */
function keyOf(list: string, index: number, { text }: BindSpec): string {
  return `${list}[${index}] ${text}`;
}

function isChosen(spec: BindSpec): spec is HostAndPort {
  return spec.kind === "tcp" && spec.port === 0;
}

function shiftPort(spec: HostAndPort, offset: number): HostAndPort {
  if (spec.port === 0) return spec;
  const port = spec.port + offset;
  if (port <= MAX_PORT) return { ...spec, port };
  const { text, hostname } = spec;
  throw new BindError(
    text,
    `Cannot bind UDP "${text}": this worker would need "${
      formatAuthority(hostname, port)
    }", and ports end at ` +
      `${MAX_PORT}. Choose a lower port: workers use it and those above it`,
  );
}
