/**
 * Every flag in one table: parsing, `--help` and the names in error messages come from it.
 *
 * @module
 */

import type { OptionName } from "../config/options.ts";
import { type Grammar, INTEGER, MODE_BITS, SECONDS, SIZE } from "./values.ts";

/** What flags that set no option ask of the command line itself. */
export type Command = "help" | "version" | "print-config" | "config" | "factory";

/** One flag. */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string;
  /** The letter of the short form. */
  readonly short?: string;
  /** The option that it sets, or what it asks of the command line. */
  readonly sets: { readonly option: OptionName } | { readonly command: Command };
  /** How `--help` names its value; absent for a switch, which sets `true`. */
  readonly value?: string;
  /** How its value is read; text without. */
  readonly grammar?: Grammar;
  /** Whether it can be repeated, which makes a list. */
  readonly repeatable?: boolean;
  /** What it does, in a few words; empty for the other name of a flag, which `--help` leaves out. */
  readonly help: string;
  /** A sentence for the operator who uses it, after its name. */
  readonly warning?: string;
}

/** Flags about one thing. */
export interface FlagGroup {
  /** Headline in `--help`. */
  readonly title: string;
  /** The flags, in the order of `--help`. */
  readonly flags: readonly Flag[];
}

/** A flag with a value. */
function takes(
  name: string,
  option: OptionName,
  value: string,
  help: string,
  more: Partial<Flag> = {},
): Flag {
  return { name, sets: { option }, value, help, ...more };
}

/** A flag without a value. */
function toggles(name: string, option: OptionName, help: string, more: Partial<Flag> = {}): Flag {
  return { name, sets: { option }, help, ...more };
}

const LIST: Partial<Flag> = { repeatable: true };
const COUNT: Partial<Flag> = { grammar: INTEGER };
const TIME: Partial<Flag> = { grammar: SECONDS };

function replacedBy(flag: string): Partial<Flag> {
  return { warning: `is deprecated: use ${flag}` };
}

/** The flags, in groups. */
export const FLAG_GROUPS: readonly FlagGroup[] = [
  {
    title: "Application",
    flags: [
      {
        name: "factory",
        sets: { command: "factory" },
        help: "Call the export; it gives the application",
      },
      takes("root-path", "rootPath", "PATH", "Path that the application is mounted at"),
      takes("server-name", "serverNames", "HOST", "Answer this Host only; repeatable", LIST),
    ],
  },
  {
    title: "Configuration",
    flags: [
      {
        name: "config",
        short: "c",
        sets: { command: "config" },
        value: "FILE",
        help: "TOML, JSON or module; toml: json: ts: say which",
      },
      {
        name: "print-config",
        sets: { command: "print-config" },
        help: "Print what would be used, as TOML",
      },
      { name: "version", sets: { command: "version" }, help: "Print the version" },
      { name: "help", short: "h", sets: { command: "help" }, help: "Print this help" },
    ],
  },
  {
    title: "Listening",
    flags: [
      takes("bind", "bind", "ADDRESS", "HOST:PORT or unix:PATH; repeatable", {
        short: "b",
        ...LIST,
      }),
      takes("insecure-bind", "insecureBind", "ADDRESS", "The same without TLS, beside TLS", LIST),
      takes("quic-bind", "quicBind", "ADDRESS", "UDP address for HTTP/3; repeatable", LIST),
      takes("backlog", "backlog", "COUNT", "Connections waiting to be accepted", COUNT),
      takes("umask", "umask", "BITS", "Mode bits off Unix sockets: 0o077, 077, or 63", {
        short: "m",
        grammar: MODE_BITS,
      }),
      takes("user", "user", "UID", "Owner of Unix sockets, a number", { short: "u", ...COUNT }),
      takes("group", "group", "GID", "Group of Unix sockets, a number", { short: "g", ...COUNT }),
    ],
  },
  {
    title: "TLS",
    flags: [
      takes("certfile", "certfile", "FILE", "Certificate chain, PEM"),
      takes("keyfile", "keyfile", "FILE", "Its private key, PEM"),
      takes(
        "keyfile-password",
        "keyfilePassword",
        "TEXT",
        "Password of the key; others may see it",
      ),
      toggles("dev-certificate", "devCertificate", "Make a certificate for development"),
      takes("ca-certs", "caCerts", "FILE", "Refused: no client certificates on Deno"),
      takes("verify-mode", "verifyMode", "MODE", "Refused, but for CERT_NONE"),
      takes("ciphers", "ciphers", "LIST", "Refused: Deno's cipher suites are fixed"),
    ],
  },
  {
    title: "Time",
    flags: [
      takes(
        "graceful-timeout",
        "gracefulTimeout",
        "SECONDS",
        "For open requests when stopping",
        TIME,
      ),
      takes(
        "keep-alive",
        "keepAliveTimeout",
        "SECONDS",
        "For idle connections; guarded TCP",
        TIME,
      ),
      takes("read-timeout", "readTimeout", "SECONDS", "Silence while content is read", TIME),
      takes(
        "websocket-ping-interval",
        "websocketPingInterval",
        "SECONDS",
        "Silence before a ping",
        TIME,
      ),
    ],
  },
  {
    title: "Processes",
    flags: [
      takes("workers", "workers", "COUNT", "Processes; 0 serves in this one", {
        short: "w",
        ...COUNT,
      }),
      takes(
        "max-requests",
        "maxRequests",
        "COUNT",
        "Replace a worker after so many requests",
        COUNT,
      ),
      takes(
        "max-requests-jitter",
        "maxRequestsJitter",
        "COUNT",
        "At most so many more, at random",
        COUNT,
      ),
      takes("max-memory", "maxMemory", "BYTES", "Replace a worker at this size, e.g. 512M", {
        grammar: SIZE,
      }),
      takes("worker-flag", "workerFlags", "FLAG", "Flag of deno run for workers; repeatable", LIST),
      toggles("reload", "useReloader", "Replace workers when a file changes"),
      takes(
        "reload-path",
        "reloadPaths",
        "PATH",
        "Watch this file or folder, too; repeatable",
        LIST,
      ),
      takes("pid", "pidPath", "FILE", "Write the process id", { short: "p" }),
    ],
  },
  {
    title: "Logs and metrics",
    flags: [
      takes("access-logfile", "accesslog", "FILE", "A line for each request; - is stdout"),
      takes("access-logformat", "accessLogFormat", "TEXT", "Template of these lines"),
      takes("error-logfile", "errorlog", "FILE", "The server's own lines; - is stderr"),
      takes("log-file", "errorlog", "FILE", ""),
      takes("log-level", "loglevel", "LEVEL", "debug, info, warning, error or critical"),
      takes("log-config", "logconfig", "FILE", "File that configures the logs"),
      toggles("log-json", "logJson", "Logs, and errors of the command line, as JSON"),
      takes("admin-bind", "adminBind", "ADDRESS", "/metrics, /healthz, /readyz; repeatable", LIST),
      takes("statsd-host", "statsdHost", "HOST:PORT", "Send metrics to StatsD"),
      takes("statsd-prefix", "statsdPrefix", "TEXT", "Prefix of their names"),
    ],
  },
  {
    title: "From Hypercorn, deprecated or without effect",
    flags: [
      takes(
        "access-log",
        "accesslog",
        "FILE",
        "Use --access-logfile",
        replacedBy("--access-logfile"),
      ),
      takes("error-log", "errorlog", "FILE", "Use --error-logfile", replacedBy("--error-logfile")),
      takes("cert-reqs", "certReqs", "NUMBER", "Use --verify-mode", COUNT),
      takes("worker-class", "workerClass", "CLASS", "asyncio, uvloop or trio; ignored", {
        short: "k",
      }),
      toggles("daemon", "daemon", "Ignored: use a service manager", {
        short: "D",
        warning: "has no effect: the command stays in the foreground, so use a service manager",
      }),
      toggles("debug", "debug", "Ignored: use --log-level debug"),
    ],
  },
];

/** The flags, in the order of `--help`. */
export const FLAGS: readonly Flag[] = FLAG_GROUPS.flatMap((group) => group.flags);
