/**
 * The `Config` class: Hypercorn's options as attributes.
 *
 * @module
 */

import { loadFile, loadJson, loadModule, loadToml } from "./load.ts";
import { readMapping } from "./mapping.ts";
import { defaultValues } from "./options.ts";
import type { ConfigInit, Guard, LoggerClass, LogLevel, LogSink, VerifyMode } from "./types.ts";

/**
 * Configuration of a server, with Hypercorn's options, defaults and units: times are seconds, sizes
 * bytes, and `null` switches an option off.
 *
 * Attributes can be assigned freely; values are checked by the constructor for what it is given, and again, all together,
 * when the server starts. What is marked "no effect yet" is accepted with a warning; what is marked "refused" cannot be
 * honoured on Deno and stops the start unless it has its default.
 *
 * @example
 * ```ts
 * import { Config } from "jsr:@x/hypercorn";
 *
 * const config = new Config({ gracefulTimeout: 10 });
 * config.bind = ["127.0.0.1:8080", "[::1]:8080"];
 * ```
 */
export class Config {
  // Listening ---------------------------------------------------------------------------------

  /** Addresses to listen on, one or a list; TLS if a certificate is set. Default `["127.0.0.1:8000"]`. */
  bind!: string | string[];
  /** Addresses without TLS beside those with it, so it needs a certificate. Default `[]`. */
  insecureBind!: string | string[];
  /**
   * UDP addresses for HTTP/3, with the certificate of `bind`; needs Deno's flag `--unstable-net`. The TLS addresses of
   * `bind` advertise them in `alt-svc`. Default `[]`.
   */
  quicBind!: string | string[];
  /** Connections the system queues before they are accepted. Default `100`. */
  backlog!: number;
  /** File mode bits taken from new Unix sockets, number or `"0o077"`; `null` keeps the process's. Default `null`. */
  umask!: number | string | null;
  /** Numeric user id that owns Unix sockets; the process keeps its own. Default `null`. */
  user!: number | null;
  /** Numeric group id that owns Unix sockets. Default `null`. */
  group!: number | null;
  /**
   * Which driver accepts TCP connections. The guarded one (`"on"`) has time-outs and limits for connections, the plain
   * one (`"off"`) is bare `Deno.serve`, which has none, and `"auto"` guards the addresses that other machines can
   * reach. Where the runtime does not let us `"on"` is an error and `"auto"` a warning. Unix sockets are never guarded.
   * Default `"auto"`.
   */
  guard!: Guard;

  // TLS -----------------------------------------------------------------------------------------

  /** Certificate chain: path of a PEM file, or the PEM text; needs `keyfile`. Default `null`. */
  certfile!: string | null;
  /** Private key of the certificate: path of a PEM file, or the PEM text. Default `null`. */
  keyfile!: string | null;
  /** Password of an encrypted `keyfile`; never shown in a message. Default `null`. */
  keyfilePassword!: string | null;
  /**
   * Make a certificate for development when the server starts: 13 days, for `localhost`, the loopback addresses and the
   * hosts of all binds. Clients do not trust it. Not beside `certfile`. Downloads `npm:@peculiar/x509` at its first use.
   * Default `false`.
   */
  devCertificate!: boolean;
  /**
   * Seconds a client has to complete the handshake, over HTTP/3 (at most 10) and guarded TCP. A TCP client that is late
   * is not served, but the runtime keeps its socket until it leaves. Default `60`.
   */
  sslHandshakeTimeout!: number;
  /** Protocols offered by ALPN; ignored, since Deno always offers these. Default `["h2","http/1.1"]`. */
  alpnProtocols!: string[];
  /** TLS 1.2 cipher suites in OpenSSL's syntax. Refused: Deno's are fixed. Default `"ECDHE+AESGCM"`. */
  ciphers!: string;
  /** Trust roots for client certificates. Refused: Deno's listeners cannot ask for any. Default `null`. */
  caCerts!: string | null;
  /** Demand on client certificates, name or number. Refused unless `CERT_NONE`, as `caCerts`. Default `null`. */
  verifyMode!: VerifyMode | 0 | 1 | 2 | null;
  /** OpenSSL's verification flags. Refused unless 0, as `caCerts`. Default `null`. */
  verifyFlags!: number | null;
  /**
   * Old name of `verifyMode`. Default `null`.
   *
   * @deprecated Use {@link Config.verifyMode}.
   */
  certReqs!: VerifyMode | 0 | 1 | 2 | null;

  // Requests and responses ----------------------------------------------------------------------

  /** Path the application is mounted at, `""` for none; trailing slashes are dropped. Default `""`. */
  rootPath!: string;
  /** Host values that are answered, port included, all others get 404; none means every. Default `[]`. */
  serverNames!: string[];
  /** Whether responses carry `date`; HTTP/3 only, for over TCP the runtime always adds it. Default `true`. */
  includeDateHeader!: boolean;
  /** Whether responses carry `server`. Default `true`. */
  includeServerHeader!: boolean;
  /** Values of `alt-svc` on every response, which replace the automatic one for `quicBind`. Default `[]`. */
  altSvcHeaders!: string[];
  /** Events that may wait for an ASGI application. Default `10`. */
  maxAppQueueSize!: number;
  /** Bytes of a request target, path and query; more is answered with 414. Default `8192`. */
  maxTargetSize!: number;
  /** Bytes of request content any application may get; more is answered with 413. `null` for no limit. Default `null`. */
  maxBodySize!: number | null;
  /** Bytes of request content a WSGI application may get; more is answered with 413. Default `16777216`. */
  wsgiMaxBodySize!: number;
  /** Bytes of one WebSocket message; more closes with 1009. Default `16777216`. */
  websocketMaxMessageSize!: number;
  /**
   * Seconds of silence on a WebSocket before a ping; a peer that leaves it unanswered for as long again is given up.
   * `null` sends none. Default `null`.
   */
  websocketPingInterval!: number | null;
  /** Whether WebSocket messages are compressed when a client offers it; HTTP/3 only. Default `false`. */
  websocketPermessageDeflate!: boolean;
  /** WebTransport sessions a connection may have; more get 429. `0` offers none, as WSGI always does. Default `8`. */
  webtransportMaxSessions!: number;
  /**
   * Streams of each kind that a client may have open beyond those of requests, for all sessions of a connection. One that
   * nobody reads may hold 1.25 MB; one that the application aborted counts until its session ends. Default `32`.
   */
  webtransportMaxStreams!: number;
  /** Origins whose pages may open sessions beside the server's own, `"*"` for any. Others get 403. Default `[]`. */
  webtransportOrigins!: string[];

  // Time ----------------------------------------------------------------------------------------

  /** Seconds the ASGI application has to start. Default `60`. */
  startupTimeout!: number;
  /** Seconds the ASGI application has to stop. Default `60`. */
  shutdownTimeout!: number;
  /** Seconds open requests have to end once the server stops. Default `3`. */
  gracefulTimeout!: number;
  /**
   * Seconds a guarded TCP connection may be idle, or take for the head of a request, before and between requests; 0
   * closes it after each response. Default `5`.
   */
  keepAliveTimeout!: number;
  /** Requests after which a guarded TCP connection is closed; 0 counts as 1. Default `1000`. */
  keepAliveMaxRequests!: number;
  /** Seconds a client may send nothing while the content of its request is read; `null` for 60. Default `null`. */
  readTimeout!: number | null;
  /**
   * Seconds an application has to begin its response; then the client gets 504. The signal of the request or
   * `http.disconnect` tells the application, but not a fetch application over HTTP/1 and HTTP/2, where the signal is the
   * runtime's: what that does goes on, and its result is dropped. `null` for any time. Default `null`.
   */
  handlerTimeout!: number | null;

  // Connections ---------------------------------------------------------------------------------

  /** Requests, WebSockets, sessions in progress, till their handlers return; more get 503. `null` for any. Default `null`. */
  limitConcurrency!: number | null;
  /** Connections of one guarded TCP listener; more are closed as they come. HTTP/3 has 4096 at most. Default `16384`. */
  maxConnections!: number;
  /**
   * Connections one client, an IPv4 address or an IPv6 /64, may have to one guarded TCP listener. HTTP/3 has 512 at most.
   * Default `2048`.
   */
  maxConnectionsPerClient!: number;
  /**
   * Seconds after which a guarded TCP or HTTP/3 connection is ended as soon as nothing is in progress on it; `null` for
   * any age. WebSockets live on. Default `3600`.
   */
  maxConnectionAge!: number | null;

  // Protocol details ----------------------------------------------------------------------------

  /**
   * Bytes of an HTTP/1 request head. The runtime takes 65536 at most (400); only when this is set to something else than
   * its default the server counts, too, which costs some 3 % of a small request, and answers 431. Default `16384`.
   */
  h11MaxIncompleteSize!: number;
  /** Keep the case of HTTP/1 field names; ignored, Deno's parser lower-cases them. Default `false`. */
  h11PassRawHeaders!: boolean;
  /** Requests in progress on one connection, at most 65536; HTTP/3 only, HTTP/2 has 200 on Deno. Default `100`. */
  h2MaxConcurrentStreams!: number;
  /**
   * Bytes of a field section of HTTP/2 and HTTP/3, 32 added for each field; more is answered with 431. Of HTTP/2 the
   * runtime takes 16384 at most. Default `65536`.
   */
  h2MaxHeaderListSize!: number;
  /** Bytes of an HTTP/2 frame; ignored, Deno has no setting. Default `16384`. */
  h2MaxInboundFrameSize!: number;

  // Logging -------------------------------------------------------------------------------------

  /** Target of the server's own lines: `"-"` is stderr, else a path, an object, or `null` for off. Default `"-"`. */
  errorlog!: string | LogSink | null;
  /** Target of access lines, of requests, WebSockets and sessions: `"-"` is stdout, else as `errorlog`. Default `null`. */
  accesslog!: string | LogSink | null;
  /**
   * Template of access lines.
   * Default `"%(h)s %(l)s %(l)s %(t)s \"%(r)s\" %(s)s %(b)s \"%(f)s\" \"%(a)s\""`.
   */
  accessLogFormat!: string;
  /** Both logs as lines of JSON with typed members; `accessLogFormat` is not used then. Default `false`. */
  logJson!: boolean;
  /** Least severity that is logged, in any of the two cases. Default `"INFO"`. */
  loglevel!: LogLevel | Lowercase<LogLevel>;
  /** File that configures the logging. Default `null`. */
  logconfig!: string | null;
  /** Object that configures the logging when `logconfig` is `null`. Default `null`. */
  logconfigDict!: Record<string, unknown> | null;
  /** Class that takes the place of our logger. Default `null`. */
  loggerClass!: LoggerClass | null;
  /**
   * Addresses for operators only, plain text: `/metrics` for Prometheus, `/healthz` and `/readyz` for probes. Never an
   * address of the application. Default `[]`.
   */
  adminBind!: string | string[];
  /** `host:port` of a StatsD server. Default `null`. */
  statsdHost!: string | null;
  /** Prefix of StatsD metric names. Default `""`. */
  statsdPrefix!: string;
  /** Tags of StatsD metrics, in DogStatsD's syntax. Default `""`. */
  dogstatsdTags!: string;

  // Processes -----------------------------------------------------------------------------------

  /**
   * Processes that serve, 0..1024, each restarted when it dies; 0 serves in the process of the command line. `serve()`
   * always is one process. Default `1`.
   */
  workers!: number;
  /** Hypercorn's event loop; ignored, Deno has one. Default `"asyncio"`. */
  workerClass!: "asyncio" | "uvloop" | "trio";
  /** Requests after which a worker is replaced, `null` for never. Default `null`. */
  maxRequests!: number | null;
  /** Upper bound of a random number added to `maxRequests`. Default `0`. */
  maxRequestsJitter!: number;
  /** Bytes of memory (RSS) after which a worker is replaced, `null` for no limit. Default `null`. */
  maxMemory!: number | null;
  /** Flags of `deno run` that workers get; none means those of the command line's own process. Default `[]`. */
  workerFlags!: string[];
  /** Replace the workers when a source file or the configuration changes; command line only. Default `false`. */
  useReloader!: boolean;
  /** Further files and folders that are watched then. Default `[]`. */
  reloadPaths!: string[];
  /** File that gets the process id while the command line runs. Default `null`. */
  pidPath!: string | null;
  /** `module:export` of the application, when the command line names none. Default `null`. */
  applicationPath!: string | null;
  /** Flag of Python's multiprocessing; ignored, use a service manager. Default `true`. */
  daemon!: boolean;
  /** Debug mode of Python's event loop; ignored, Deno's has none. Default `false`. */
  debug!: boolean;

  /**
   * Makes a configuration with the defaults and what is given here.
   *
   * @param init Attributes, also by Hypercorn's snake_case names; copied. A `Config` makes a copy.
   * @throws {ConfigError} For an unknown name or a value that the option does not accept.
   */
  constructor(init: ConfigInit = {}) {
    Object.assign(this, defaultValues(), readMapping(init));
  }

  /**
   * Makes a configuration from an object with snake_case or camelCase names.
   *
   * @throws {ConfigError} As the constructor.
   * @example
   * ```ts
   * import { Config } from "jsr:@x/hypercorn";
   *
   * const config = Config.fromMapping({ bind: "127.0.0.1:8080", keep_alive_timeout: 10 });
   * ```
   */
  static fromMapping(mapping: Record<string, unknown>): Config {
    return new Config(mapping);
  }

  /**
   * Loads a TOML file: options at the top or in a `[hypercorn]` table. Paths in the file are relative to the working
   * directory, as in Hypercorn.
   *
   * @throws {ConfigError} When the file cannot be read or parsed, or as the constructor.
   * @example
   * ```ts
   * import { Config } from "jsr:@x/hypercorn";
   *
   * const path = await Deno.makeTempFile({ suffix: ".toml" });
   * await Deno.writeTextFile(path, 'bind = ["127.0.0.1:8080"]\nbacklog = 200\n');
   * const config = await Config.fromToml(path);
   * ```
   */
  static async fromToml(path: string | URL): Promise<Config> {
    return new Config(await loadToml(path));
  }

  /**
   * Loads a JSON file: one object of options.
   *
   * @throws {ConfigError} As {@link Config.fromToml}.
   * @example
   * ```ts
   * import { Config } from "jsr:@x/hypercorn";
   *
   * const path = await Deno.makeTempFile({ suffix: ".json" });
   * await Deno.writeTextFile(path, '{ "bind": "127.0.0.1:8080" }');
   * const config = await Config.fromJson(path);
   * ```
   */
  static async fromJson(path: string | URL): Promise<Config> {
    return new Config(await loadJson(path));
  }

  /**
   * Loads a TypeScript or JavaScript module, by path or specifier.
   *
   * Its default export is a `Config` or an object of options. Without one its named exports are the options; functions
   * and names that begin with `_` are then taken for helpers of the module.
   *
   * @throws {ConfigError} When the module cannot be loaded, or as the constructor.
   * @example
   * ```ts
   * import { Config } from "jsr:@x/hypercorn";
   *
   * const path = await Deno.makeTempFile({ suffix: ".ts" });
   * await Deno.writeTextFile(path, 'export const bind = "127.0.0.1:8080";');
   * const config = await Config.fromModule(path);
   * ```
   */
  static async fromModule(specifier: string | URL): Promise<Config> {
    return new Config(await loadModule(specifier));
  }

  /**
   * Loads a file by its extension: `.toml`, `.json`, or `.ts`, `.js`, `.mjs` for a module.
   *
   * @throws {ConfigError} For another extension, or as the loader of this one.
   * @example
   * ```ts
   * import { Config } from "jsr:@x/hypercorn";
   *
   * const path = await Deno.makeTempFile({ suffix: ".json" });
   * await Deno.writeTextFile(path, "{}");
   * const config = await Config.fromFile(path);
   * ```
   */
  static async fromFile(path: string | URL): Promise<Config> {
    return new Config(await loadFile(path));
  }
}
