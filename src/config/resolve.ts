/**
 * The last step before a server starts: every option checked, on its own and with the others.
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import { type BindSpec, type HostAndPort, isGuarded, parseBind } from "./bind.ts";
import type { Config } from "./config.ts";
import type { ConfigInit } from "./types.ts";
import { badValue, refusal } from "./describe.ts";
import { readMapping } from "./mapping.ts";
import { defaultValues, isDefault, OPTIONS, type OptionValues } from "./options.ts";
import type { LogLevel, VerifyMode } from "./types.ts";

/**
 * Every attribute of `Config` in one form, frozen: what the server works with.
 */
export interface ResolvedConfig extends
  Readonly<
    Omit<
      Config,
      | "adminBind"
      | "alpnProtocols"
      | "altSvcHeaders"
      | "bind"
      | "certReqs"
      | "insecureBind"
      | "loglevel"
      | "logconfigDict"
      | "quicBind"
      | "reloadPaths"
      | "serverNames"
      | "umask"
      | "verifyMode"
      | "workerFlags"
    >
  > {
  /** Addresses for operators only: metrics and probes. */
  readonly adminBind: readonly BindSpec[];
  /** Protocols offered by ALPN. */
  readonly alpnProtocols: readonly string[];
  /** Literal Alt-Svc values. */
  readonly altSvcHeaders: readonly string[];
  /** TCP and Unix addresses; with TLS when `tlsEnabled`. */
  readonly bind: readonly BindSpec[];
  /** TCP and Unix addresses without TLS; empty unless `tlsEnabled`. */
  readonly insecureBind: readonly BindSpec[];
  /** UDP addresses; empty unless `tlsEnabled`. */
  readonly quicBind: readonly HostAndPort[];
  /** Further files and folders whose change reloads. */
  readonly reloadPaths: readonly string[];
  /** Host values that are answered; empty means every. */
  readonly serverNames: readonly string[];
  /** Least severity that is logged. */
  readonly loglevel: LogLevel;
  /** Object that configures the logging. */
  readonly logconfigDict: Readonly<Record<string, unknown>> | null;
  /** File mode bits taken from new Unix sockets. */
  readonly umask: number | null;
  /** Demand on client certificates. */
  readonly verifyMode: VerifyMode | null;
  /** Flags of `deno run` for workers; empty means those of this process. */
  readonly workerFlags: readonly string[];
  /** Whether `bind` speaks TLS, i.e. `certfile` and `keyfile` are set, or `devCertificate` is. */
  readonly tlsEnabled: boolean;
  /** Sentences for the log, one for each option that is set and does nothing. */
  readonly warnings: readonly string[];
}

/**
 * Checks a configuration and brings it into one form. Changes nothing and reads no file.
 *
 * @param config A `Config`, or options for a new one; the defaults without it.
 * @throws {ConfigError} When an option cannot be used, alone or beside the others.
 */
export function resolveConfig(config: Config | ConfigInit = {}): ResolvedConfig {
  const { certReqs, ...values }: OptionValues = { ...defaultValues(), ...readMapping(config) };
  const binds = {
    bind: parseBinds(values.bind, "bind"),
    insecureBind: parseBinds(values.insecureBind, "insecureBind"),
    adminBind: parseBinds(values.adminBind, "adminBind"),
    quicBind: parseBinds(values.quicBind, "quicBind").filter((spec) => spec.kind === "tcp"),
  };
  const tlsEnabled = values.certfile !== null || values.devCertificate;
  checkTls(values, tlsEnabled);
  if (tlsEnabled) refuseTlsOnUnix(binds.bind);
  checkListeners(binds);
  const resolved: ResolvedConfig = {
    ...values,
    ...binds,
    verifyMode: values.verifyMode ?? certReqs,
    tlsEnabled,
    warnings: collectWarnings({ ...values, certReqs }, binds),
  };
  return Object.freeze(resolved);
}

/** The lists of addresses, parsed. */
type Binds = Pick<ResolvedConfig, "bind" | "insecureBind" | "quicBind" | "adminBind">;

function parseBinds(texts: readonly string[], name: string): readonly BindSpec[] {
  return texts.map((text, index) => parseBind(text, `${name}[${index}]`));
}

/**
 * Refuses half a certificate and what makes no sense without one. Hypercorn serves plain text in
 * the first case and ignores the addresses in the second.
 */
function checkTls(values: Omit<OptionValues, "certReqs">, tlsEnabled: boolean): void {
  if (values.devCertificate) refuseTwoCertificates(values);
  requirePartner("certfile", values.certfile, "keyfile", values.keyfile);
  requirePartner("keyfile", values.keyfile, "certfile", values.certfile);
  requirePartner("keyfilePassword", values.keyfilePassword, "keyfile", values.keyfile);
  if (tlsEnabled) return;
  if (values.quicBind.length > 0) throw needsTls("quicBind", "QUIC is always encrypted");
  if (values.insecureBind.length > 0) {
    throw needsTls("insecureBind", 'Without a certificate "bind" is plain text already');
  }
}

function refuseTwoCertificates({ certfile, keyfile }: Omit<OptionValues, "certReqs">): void {
  if (certfile === null && keyfile === null) return;
  throw refusal({
    key: "devCertificate",
    expected: 'false beside "certfile" and "keyfile"',
    received: "true",
    hint: "Leave it out to use your certificate, or leave those out for one that is made at start",
  });
}

/** Deno speaks TLS on TCP only; serving plain text where TLS was asked for would be worse than refusing. */
function refuseTlsOnUnix(bind: readonly BindSpec[]): void {
  for (const [index, { kind, text }] of bind.entries()) {
    if (kind === "tcp") continue;
    const hint = 'Unix sockets cannot speak TLS on Deno: move it to "insecureBind"';
    throw badValue(`bind[${index}]`, "a host and port beside a certificate", text, hint);
  }
}

function requirePartner(
  key: string,
  value: string | null,
  partner: string,
  partnerValue: string | null,
): void {
  if (value === null || partnerValue !== null) return;
  throw refusal({
    key,
    expected: `"${partner}" beside it`,
    received: "none",
    hint: "Set both for TLS, or neither for plain text",
  });
}

function needsTls(key: string, hint: string): Error {
  return refusal({
    key,
    expected: '"certfile" and "keyfile", or "devCertificate", beside it',
    received: "none of them",
    hint,
  });
}

/** Refuses a server without addresses, and addresses that cannot both be opened. */
function checkListeners(binds: Binds): void {
  const { bind, insecureBind, quicBind, adminBind } = binds;
  if ([bind, insecureBind, quicBind].every((specs) => specs.length === 0)) {
    throw badValue("bind", "at least one address", []);
  }
  // TCP and UDP ports are apart: HTTP/3 usually has the number of the TLS port.
  const stream = new Map<string, string>();
  refuseDuplicates(bind, "bind", stream);
  refuseDuplicates(insecureBind, "insecureBind", stream);
  refuseDuplicates(adminBind, "adminBind", stream);
  refuseDuplicates(quicBind, "quicBind", new Map());
}

function refuseDuplicates(specs: readonly BindSpec[], name: string, seen: Map<string, string>) {
  for (const [index, spec] of specs.entries()) {
    if (spec.kind === "tcp" && spec.port === 0) continue; // every 0 becomes another port
    const address = spec.kind === "tcp" ? formatAuthority(spec.hostname, spec.port) : spec.path;
    const key = `${name}[${index}]`;
    const first = seen.get(address);
    if (first !== undefined) {
      throw badValue(key, "an address that is bound once", spec.text, `"${first}" is the same`);
    }
    seen.set(address, key);
  }
}

function collectWarnings(values: OptionValues, binds: Binds): readonly string[] {
  const warnings: string[] = [];
  for (const option of OPTIONS) {
    const { name, effect } = option;
    const value = values[name];
    if (isDefault(option, value)) continue;
    if (effect === "guarded") {
      const plain = concerned(name, values, binds).find((spec) => !isGuarded(spec, values.guard));
      if (plain) warnings.push(unguarded(name, plain, values));
    } else if (typeof effect === "object" && "ignored" in effect) {
      warnings.push(`Option "${name}" is ignored: ${effect.ignored}`);
    } else if (typeof effect === "object" && "http3Only" in effect && !isOnlyHttp3(binds)) {
      const unused = binds.quicBind.length === 0 ? ', and "quicBind" is not set' : "";
      warnings.push(`Option "${name}" acts over HTTP/3 only${unused}: ${effect.http3Only}`);
    }
  }
  if (values.certReqs !== null) warnings.push('Option "certReqs" is deprecated: use "verifyMode"');
  return Object.freeze([...warnings, ...socketWarnings(values, binds)]);
}

function isOnlyHttp3({ bind, insecureBind, quicBind }: Binds): boolean {
  return quicBind.length > 0 && bind.length + insecureBind.length === 0;
}

/** The listeners an option is about that acts on guarded ones. */
function concerned(name: string, values: OptionValues, binds: Binds): readonly BindSpec[] {
  if (name !== "sslHandshakeTimeout") return [...binds.bind, ...binds.insecureBind];
  return values.certfile !== null || values.devCertificate ? binds.bind : [];
}

function unguarded(name: string, { text }: BindSpec, { guard }: OptionValues): string {
  const reason = guard === "off" ? '"guard" is "off"' : "only this machine can reach it";
  return `Option "${name}" does not act on "${text}", which is not guarded: ${reason}`;
}

/** Warnings about ownership and mode of Unix sockets when there are none. */
function socketWarnings(values: OptionValues, binds: Binds): string[] {
  const specs = [...binds.bind, ...binds.insecureBind];
  if (specs.some((spec) => spec.kind === "unix")) return [];
  const set = (["umask", "user", "group"] as const).filter((name) => values[name] !== null);
  return set.map((name) =>
    `Option "${name}" is ignored: it concerns Unix sockets, and none is bound`
  );
}
