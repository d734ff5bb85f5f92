/**
 * Why a listener could not be opened, in one line that says what to do.
 *
 * @module
 */

import type { BindSpec } from "../config/mod.ts";
import { BindError } from "../errors.ts";

/** Protocol below a listener; `"tcp"` also stands for Unix sockets. */
export type Transport = "tcp" | "udp";

/** Wraps the runtime's error for one bind. */
export function bindError(spec: BindSpec, cause: unknown, transport: Transport): BindError {
  const what = transport === "udp" ? "UDP " : "";
  const message = `Cannot bind ${what}"${spec.text}": ${reason(spec, cause, transport)}`;
  return new BindError(spec.text, message, { cause });
}

function reason(spec: BindSpec, cause: unknown, transport: Transport): string {
  if (cause instanceof Deno.errors.AddrInUse) return inUse(spec, transport);
  if (cause instanceof Deno.errors.NotCapable) {
    return `Deno was not given permission: ${cause.message}`; // it names the flag
  }
  if (cause instanceof Deno.errors.PermissionDenied) return denied(spec);
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    return "no interface of this machine has that address. Use one it has, or 0.0.0.0 for all";
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  if (spec.kind === "tcp" && /lookup/.test(text)) {
    return `the host name "${spec.hostname}" cannot be resolved (${text}). Use an IP address or fix the name`;
  }
  return text;
}

function inUse(spec: BindSpec, transport: Transport): string {
  if (spec.kind === "unix") {
    return "another program is listening there. Stop it or choose another path";
  }
  const flags = transport === "udp" ? "-lunp" : "-ltnp";
  return `the address is in use. Stop the other program ("ss ${flags} sport = :${spec.port}" shows it) or bind another port`;
}

function denied(spec: BindSpec): string {
  if (spec.kind === "unix") {
    return "the path cannot be written. Choose another or run as its owner";
  }
  return spec.port < 1024
    ? `ports below 1024 need privileges. Bind a higher port, or grant CAP_NET_BIND_SERVICE`
    : "the system refused permission";
}
