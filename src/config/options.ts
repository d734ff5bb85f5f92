/**
 * Every option in one table: what it accepts, its default, and whether it acts.
 *
 * The table drives validation, both spellings of a name, the defaults, and the warnings and errors
 * about options that do nothing. The units and effects are documented on `Config`.
 *
 * @module
 */

import {
  DEFAULT_HEAD_BYTES,
  TCP_MAX_CONNECTIONS,
  TCP_MAX_CONNECTIONS_PER_CLIENT,
} from "../limits.ts";
import {
  ALPN,
  ALT_SVC,
  BINDS,
  FLAG,
  FLAGS,
  HOST_AND_PORT,
  HOSTS,
  ID,
  integer,
  type Kind,
  LOG_LEVEL,
  LOG_TARGET,
  LOGGER_CLASS,
  oneOf,
  ORIGINS,
  orNull,
  PATH,
  PATHS,
  PEM,
  positiveSeconds,
  ROOT_PATH,
  seconds,
  secret,
  TABLE,
  TEXT,
  UDP_BINDS,
  UMASK,
  VERIFY_MODE,
} from "./kinds.ts";

/**
 * What setting an option does.
 *
 * - `"now"`: it acts.
 * - `"guarded"`: it acts on guarded TCP listeners, and a warning says so where there is another one.
 * - `ignored`: accepted, and a warning says why it can have no effect on Deno.
 * - `http3Only`: it acts over HTTP/3, and a warning says why not over the other versions.
 * - `refused`: an error that says why; for options whose silent loss would be a security hole.
 */
export type Effect =
  | "now"
  | "guarded"
  | { readonly ignored: string }
  | { readonly http3Only: string }
  | { readonly refused: string };

/** One row of the table. */
export interface OptionRow<T> {
  /** What it accepts. */
  readonly kind: Kind<T>;
  /** Its value when it is not given. */
  readonly default: T;
  /** Whether it acts. */
  readonly effect: Effect;
  /** Values that ask for nothing more than the default, so they are neither warned of nor refused. */
  readonly harmless?: readonly unknown[];
}

const ACCESS_LOG_FORMAT = '%(h)s %(l)s %(l)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"';
const MIB = 1024 * 1024;

const NO_CLIENT_CERTIFICATES: Effect = {
  refused: "Deno's listeners cannot ask for client certificates, so they would go unchecked: " +
    "verify them in a proxy in front of this server and leave the option out",
};
const FIXED_IN_HTTP1: Effect = { ignored: "Deno's HTTP/1 parser has no setting for it" };
const NO_SETTING_IN_HTTP2 = "Deno's HTTP/2 implementation has no setting for it";

/** More processes than this on one machine is a slip of the keyboard. */
const MAX_WORKERS = 1024;

/**
 * The runtime's QUIC makes a record of every stream a client may open as soon as it says hello: a million of them takes
 * 0.3 s and 90 MB for each connection, this many 20 ms and 5 MB.
 */
const MAX_CONCURRENT_STREAMS = 65_536;

const ROWS = {
  accessLogFormat: { kind: TEXT, default: ACCESS_LOG_FORMAT, effect: "now" },
  accesslog: { kind: LOG_TARGET, default: null, effect: "now" },
  adminBind: { kind: BINDS, default: [], effect: "now" },
  alpnProtocols: {
    kind: ALPN,
    default: ["h2", "http/1.1"],
    effect: { ignored: "Deno's listeners always offer h2 and http/1.1" },
  },
  altSvcHeaders: { kind: ALT_SVC, default: [], effect: "now" },
  applicationPath: { kind: orNull(TEXT), default: null, effect: "now" },
  backlog: { kind: integer(1, 2 ** 31 - 1), default: 100, effect: "now" },
  bind: { kind: BINDS, default: ["127.0.0.1:8000"], effect: "now" },
  caCerts: { kind: orNull(PATH), default: null, effect: NO_CLIENT_CERTIFICATES },
  certReqs: {
    kind: orNull(VERIFY_MODE),
    default: null,
    effect: NO_CLIENT_CERTIFICATES,
    harmless: ["CERT_NONE"],
  },
  certfile: { kind: orNull(PEM), default: null, effect: "now" },
  ciphers: {
    kind: TEXT,
    default: "ECDHE+AESGCM",
    effect: { refused: "Deno's cipher suites are fixed (TLS 1.2 ECDHE with AEAD, and TLS 1.3)" },
  },
  daemon: {
    kind: FLAG,
    default: true,
    effect: { ignored: "it is a flag of Python's multiprocessing; use a service manager" },
  },
  debug: {
    kind: FLAG,
    default: false,
    effect: { ignored: 'Deno\'s event loop has no debug mode; set "loglevel" or use --inspect' },
  },
  devCertificate: { kind: FLAG, default: false, effect: "now" },
  dogstatsdTags: { kind: TEXT, default: "", effect: "now" },
  errorlog: { kind: LOG_TARGET, default: "-", effect: "now" },
  gracefulTimeout: { kind: seconds(), default: 3, effect: "now" },
  group: { kind: orNull(ID), default: null, effect: "now" },
  guard: { kind: oneOf("auto", "on", "off"), default: "auto", effect: "now" },
  h11MaxIncompleteSize: { kind: integer(1), default: DEFAULT_HEAD_BYTES, effect: "now" },
  h11PassRawHeaders: { kind: FLAG, default: false, effect: FIXED_IN_HTTP1 },
  h2MaxConcurrentStreams: {
    kind: integer(1, MAX_CONCURRENT_STREAMS),
    default: 100,
    effect: { http3Only: NO_SETTING_IN_HTTP2 },
  },
  h2MaxHeaderListSize: { kind: integer(1), default: 65536, effect: "now" },
  h2MaxInboundFrameSize: {
    kind: integer(1),
    default: 16384,
    effect: { ignored: NO_SETTING_IN_HTTP2 },
  },
  handlerTimeout: { kind: orNull(positiveSeconds()), default: null, effect: "now" },
  includeDateHeader: {
    kind: FLAG,
    default: true,
    effect: {
      http3Only: "over TCP the runtime adds date to every response and cannot be told not to",
    },
  },
  includeServerHeader: { kind: FLAG, default: true, effect: "now" },
  insecureBind: { kind: BINDS, default: [], effect: "now" },
  keepAliveMaxRequests: { kind: integer(0), default: 1000, effect: "guarded" },
  keepAliveTimeout: { kind: seconds(), default: 5, effect: "guarded" },
  keyfile: { kind: orNull(PEM), default: null, effect: "now" },
  keyfilePassword: { kind: secret(orNull(TEXT)), default: null, effect: "now" },
  limitConcurrency: { kind: orNull(integer(1)), default: null, effect: "now" },
  logJson: { kind: FLAG, default: false, effect: "now" },
  logconfig: { kind: orNull(PATH), default: null, effect: "now" },
  logconfigDict: { kind: orNull(TABLE), default: null, effect: "now" },
  loggerClass: { kind: orNull(LOGGER_CLASS), default: null, effect: "now" },
  loglevel: { kind: LOG_LEVEL, default: "INFO", effect: "now" },
  maxAppQueueSize: { kind: integer(1), default: 10, effect: "now" },
  maxBodySize: { kind: orNull(integer(0)), default: null, effect: "now" },
  maxConnectionAge: { kind: orNull(positiveSeconds()), default: 3600, effect: "guarded" },
  maxConnections: { kind: integer(1), default: TCP_MAX_CONNECTIONS, effect: "guarded" },
  maxConnectionsPerClient: {
    kind: integer(1),
    default: TCP_MAX_CONNECTIONS_PER_CLIENT,
    effect: "guarded",
  },
  maxMemory: { kind: orNull(integer(1)), default: null, effect: "now" },
  maxRequests: { kind: orNull(integer(1)), default: null, effect: "now" },
  maxRequestsJitter: { kind: integer(0), default: 0, effect: "now" },
  maxTargetSize: { kind: integer(1), default: 8192, effect: "now" },
  pidPath: { kind: orNull(PATH), default: null, effect: "now" },
  quicBind: { kind: UDP_BINDS, default: [], effect: "now" },
  readTimeout: { kind: orNull(positiveSeconds()), default: null, effect: "now" },
  reloadPaths: { kind: PATHS, default: [], effect: "now" },
  rootPath: { kind: ROOT_PATH, default: "", effect: "now" },
  serverNames: { kind: HOSTS, default: [], effect: "now" },
  shutdownTimeout: { kind: seconds(), default: 60, effect: "now" },
  sslHandshakeTimeout: { kind: positiveSeconds(), default: 60, effect: "guarded" },
  startupTimeout: { kind: seconds(), default: 60, effect: "now" },
  statsdHost: { kind: orNull(HOST_AND_PORT), default: null, effect: "now" },
  statsdPrefix: { kind: TEXT, default: "", effect: "now" },
  umask: { kind: orNull(UMASK), default: null, effect: "now" },
  useReloader: { kind: FLAG, default: false, effect: "now" },
  user: { kind: orNull(ID), default: null, effect: "now" },
  verifyFlags: {
    kind: orNull(integer(0)),
    default: null,
    effect: NO_CLIENT_CERTIFICATES,
    harmless: [0],
  },
  verifyMode: {
    kind: orNull(VERIFY_MODE),
    default: null,
    effect: NO_CLIENT_CERTIFICATES,
    harmless: ["CERT_NONE"],
  },
  websocketMaxMessageSize: { kind: integer(1), default: 16 * MIB, effect: "now" },
  websocketPingInterval: { kind: orNull(positiveSeconds()), default: null, effect: "now" },
  websocketPermessageDeflate: {
    kind: FLAG,
    default: false,
    effect: { http3Only: "the runtime's own WebSockets, of HTTP/1.1, have no extensions" },
  },
  webtransportMaxSessions: { kind: integer(0, 64), default: 8, effect: "now" },
  webtransportMaxStreams: { kind: integer(1, 1000), default: 32, effect: "now" },
  webtransportOrigins: { kind: ORIGINS, default: [], effect: "now" },
  workerClass: {
    kind: oneOf("asyncio", "uvloop", "trio"),
    default: "asyncio",
    effect: { ignored: "Deno has one event loop" },
  },
  workerFlags: { kind: FLAGS, default: [], effect: "now" },
  workers: { kind: integer(0, MAX_WORKERS), default: 1, effect: "now" },
  wsgiMaxBodySize: { kind: integer(0), default: 16 * MIB, effect: "now" },
} satisfies Record<string, OptionRow<unknown>>;

/** camelCase name of an option. */
export type OptionName = keyof typeof ROWS;

/** Value of every option in its normal form. */
export type OptionValues = {
  -readonly [Name in OptionName]: ReturnType<(typeof ROWS)[Name]["kind"]["read"]>;
};

/** An option with both of its names. */
export interface Option extends OptionRow<unknown> {
  /** Attribute of `Config`, e.g. `"keepAliveTimeout"`. */
  readonly name: OptionName;
  /** Hypercorn's name, e.g. `"keep_alive_timeout"`. */
  readonly snakeName: string;
}

/** Every option, in alphabetical order. */
export const OPTIONS: readonly Option[] = Object.entries(ROWS).map(([name, row]) => ({
  ...row,
  name: name as OptionName,
  snakeName: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
}));

// A Map, because an object would find `__proto__` and `constructor` in a hostile file.
const BY_NAME: ReadonlyMap<string, Option> = new Map(
  OPTIONS.flatMap((option) => [[option.name, option], [option.snakeName, option]]),
);

/** Finds an option by either of its names. */
export function findOption(key: string): Option | undefined {
  return BY_NAME.get(key);
}

/** The defaults, with arrays that belong to the caller. */
export function defaultValues(): OptionValues {
  const entries = OPTIONS.map((option) => [option.name, copy(option.default)]);
  return Object.fromEntries(entries) as OptionValues;
}

/** Says whether `value` (in normal form) asks for no more than the default of `option` does. */
export function isDefault(option: Option, value: unknown): boolean {
  return [option.default, ...option.harmless ?? []].some((same) => equal(same, value));
}

function copy(value: unknown): unknown {
  return Array.isArray(value) ? [...value] : value;
}

function equal(left: unknown, right: unknown): boolean {
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right;
  return left.length === right.length && left.every((member, index) => member === right[index]);
}
