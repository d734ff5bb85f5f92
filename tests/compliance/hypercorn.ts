/**
 * The features of Hypercorn 0.18.0, one by one: what proves each of them here, or why it is not.
 *
 * @module
 */

import {
  accessLog,
  asgi,
  asgiSockets,
  atoms,
  binds,
  cli,
  config,
  dispatcher,
  environ,
  errorLog,
  flags,
  forms,
  h3Exchanges,
  h3Requests,
  handshakes,
  hosts,
  http3,
  leaving,
  lifespan,
  listens,
  loading,
  loads,
  logConfig,
  logs,
  misbehaving,
  options,
  ours,
  overHttp3,
  overTcp,
  overWebSocket,
  processes,
  program,
  proxyFix,
  quic,
  receives,
  redirect,
  resolves,
  responseFields,
  scopes,
  session,
  settles,
  sockets,
  starts,
  statsd,
  stops,
  supervisor,
  targets,
  tls,
  workers,
  wsgi,
  wsgiHeads,
} from "./hypercorn_files.ts";
import {
  type Entry,
  notPossible,
  partly,
  type Proof,
  proved,
  testsOf,
} from "./hypercorn_ledger.ts";

/** The name of one long test. */
const DAY = [
  "two workers under load: two reloads fail no request, a killed worker only its own, then a clean end",
];

const SERVE: readonly Entry[] = [
  proved("SRV-01", "serve(app, config) resolves after the stop", [
    ...processes("serve() resolves and the process ends with 0 after SIGINT"),
    ...stops("serve() runs the lifespan shutdown after the last response"),
  ]),
  proved("SRV-02", "shutdown_trigger; no signal is handled when it is given", [
    ...ours.serve("serve() with a trigger listens to no signal, and asks the trigger once"),
  ]),
  proved("SRV-03", "SIGINT and SIGTERM stop the server when there is no trigger", [
    ...processes(
      "serve() resolves and the process ends with 0 after SIGINT",
      "serve() resolves and the process ends with 0 after SIGTERM",
    ),
  ]),
  proved("SRV-04", "mode wins over detection", [
    ...forms("normalise() lets mode win over detection", "normalise() refuses an unknown mode"),
  ], "A third mode, fetch, is Deno's own form of application"),
  proved("SRV-05", "taskStatus is told the addresses once everything accepts", [
    ...listens("start() tells the task status once, when every listener accepts"),
    ...starts("start() leaves nothing running when taskStatus.started() throws"),
  ], "It gets addresses, UDP ones too, rather than URLs alone"),
  proved("SRV-06", "Warnings for options that are ignored", [
    ...starts("start() logs a warning for every option without effect"),
    ...resolves(
      "resolveConfig() has a warning tested here for every option that does nothing or not everything",
    ),
  ]),
  proved("SRV-07", "'Running on' with the real port, for each address", [
    ...listens("start() opens every bind and reports the real ports"),
    ...http3("start() tells of HTTP/3 addresses after the others, with their real ports"),
  ]),
  proved("SRV-08", "Order of the graceful stop; graceful_timeout is enforced", [
    ...stops(
      "shutdown() lets a slow response finish and announces the close",
      "shutdown() lets an upload in progress finish and refuses a new one with 503",
      "shutdown() ends within graceful_timeout with a fetch handler that never answers",
      "shutdown() ends within graceful_timeout with an ASGI stream that never ends",
      "serve() runs the lifespan shutdown after the last response",
    ),
    ...sockets(
      "shutdown() of a ASGI application completes close handshakes with 1001",
      "shutdown() of a ASGI application cuts a silent client at graceful_timeout",
    ),
    ...http3(
      "a graceful stop lets requests over HTTP/3 finish",
      "a stop cuts requests over HTTP/3 after gracefulTimeout",
    ),
    ...ours.serve("a stop refuses new connections while it waits for the request in progress"),
  ]),
  proved("SRV-09", "What the trigger throws comes out after the stop", [
    ...stops("serve() stops gracefully and rejects with what the trigger rejected with"),
  ]),
];

const LIFESPAN: readonly Entry[] = [
  proved("LIF-01", "lifespan.startup is complete before anything is bound", [
    ...ours.serve("start() binds only when the application has started"),
    ...lifespan("Lifespan calls the application once, with the scope and events that ASGI says"),
  ]),
  proved("LIF-02", "startup.failed ends the start with its message", [
    ...starts(
      "start() rejects after lifespan.startup.failed and binds nothing",
      "start() rejects after lifespan.startup.failed without a message and binds nothing",
    ),
  ]),
  proved("LIF-03", "An application without lifespan is served, with a warning", [
    ...starts("start() serves an application that does not know the lifespan, with a warning"),
    ...lifespan(
      "Lifespan.startup() warns when the application throws",
      "Lifespan.startup() warns when the application sends an unknown message",
      "Lifespan.startup() goes on silently when the application returns without a word",
    ),
  ]),
  proved("LIF-04", "startup_timeout and shutdown_timeout are errors that name the stage", [
    ...starts("start() rejects with LifespanTimeoutError when the application never starts"),
    ...stops(
      "shutdown() rejects with LifespanTimeoutError when the application ignores lifespan.shutdown",
    ),
  ]),
  proved("LIF-05", "lifespan.shutdown comes after the connections; shutdown.failed is an error", [
    ...stops(
      "serve() runs the lifespan shutdown after the last response",
      "shutdown() rejects with the reason of lifespan.shutdown.failed",
    ),
    ...lifespan("Lifespan.shutdown() succeeds when the application returns"),
  ]),
  proved("LIF-06", "Every request has a shallow copy of the lifespan state", [
    ...scopes("httpScope() gives each request a shallow copy of the state as it is now"),
    ...forms("normalise() shares the lifespan state with every ASGI scope"),
  ]),
];

const ASGI: readonly Entry[] = [
  proved("ASG-01", "HTTP scope", [
    ...scopes("httpScope() has the keys and types that ASGI says"),
    ...contract("version, scheme, host and both addresses are right"),
    ...contract("the application sees the method"),
  ]),
  proved("ASG-02", "WebSocket scope", [
    ...scopes(
      "webSocketScope() has scheme ws on a bind of http",
      "webSocketScope() has scheme wss on a bind of https",
    ),
  ]),
  proved("ASG-03", "raw_path, path and query_string", [
    ...scopes("httpScope() splits and decodes …"),
    ...contract("the target is neither decoded nor normalised", "h1", "h3"),
  ], "The authority of an absolute target is the host, and no part of the path (RFC 9112 §3.2.2)"),
  proved("ASG-04", "root_path comes from the configuration, the path stays whole", [
    ...scopes("httpScope() tells the root path and leaves the path whole"),
    ...contract("root_path is told as the form tells it"),
  ]),
  proved("ASG-05", "client and server, also for IPv6 and Unix sockets", [
    ...contract("IPv6 addresses have no brackets"),
    ...contract("IPv4 clients of a dual-stack bind have IPv4 addresses"),
    ...contract("a Unix socket serves, without addresses", "h1"),
  ]),
  proved("ASG-06", "Extensions are advertised where the protocol can", [
    ...scopes("httpScope() leaves out extensions that the protocol cannot carry"),
    ...testsOf("protocol/h3_forms_test.ts")(
      "An ASGI application over HTTP/3 sees http_version 3, addresses and the TLS extension",
    ),
  ], "Also http.response.pathsend, and tls over HTTP/3"),
  proved("ASG-07", "Content in events, its end in an event of its own", [
    ...receives(
      "RequestEvents.next(): no content is one empty message",
      "RequestEvents.next(): content ends with a separate empty message",
    ),
    ...contract("empty and small request content comes back"),
  ]),
  proved("ASG-08", "http.disconnect exactly once", [
    ...receives("RequestEvents.next() gives the disconnect exactly once, then waits for ever"),
    ...asgi("asgiHttp() gives the disconnect after the response, once"),
    ...leaving(
      "ASGI application whose HTTP/1.1 client leaves while the handler is pending",
      "ASGI application whose HTTP/2 client leaves while the handler is pending",
    ),
    ...contract("a client that closes the connection ends a handler that waits", "h3"),
  ]),
  proved("ASG-09", "States of a response; a message out of place is an error in send()", [
    ...asgi(
      "asgiHttp() refuses http.response.start in state RESPONSE",
      "asgiHttp() refuses http.response.body in state CLOSED",
      "asgiHttp() refuses websocket.accept in state REQUEST",
      "asgiHttp() accepts a status in digits, as Hypercorn does: …",
    ),
    ...misbehaving("ASGI application over HTTP/1.1 that starts twice and catches the error"),
    ...ours.serve(
      "an ASGI head is sent with http.response.start, names in lower case, names and values trimmed",
    ),
  ]),
  proved("ASG-10", "No content for HEAD, 1xx, 204 and 304", [
    ...contract("HEAD /flat/1000 has content-length 1000 and no content"),
    ...contract("204 has neither content nor content-length"),
    ...contract("304 has neither content nor content-length"),
    ...overMisbehaving("starts with status 199"),
  ], "204 goes out without content-length, as RFC 9110 §8.6 wants; a 1xx as response is refused"),
  partly("ASG-11", "Trailers of responses where te says trailers (HTTP/2, HTTP/3)", [
    ...contract("response trailers arrive after the content where the client takes them", "h3"),
    ...contract(
      "response trailers are dropped where the client has not said that it takes them",
      "h3",
    ),
    ...asgi("asgiHttp() drops announced trailers where the protocol has none"),
  ], "Deno cannot send trailers over HTTP/2: the extension is absent there"),
  partly("ASG-12", "Early hints, 103 (HTTP/2, HTTP/3)", [
    ...contract("early hints arrive before the response is made, in order", "h3"),
    ...asgi("asgiHttp() refuses http.response.early_hint where the protocol has no informational"),
  ], "Deno cannot send interim responses over HTTP/2: the extension is absent there"),
  notPossible(
    "ASG-13",
    "Server push",
    scopes("httpScope() has the keys and types that ASGI says"),
    "Deno cannot push over HTTP/2, no client takes pushes over HTTP/3: the extension is absent",
  ),
  partly(
    "ASG-14",
    "Header names and values are checked and trimmed; raw names on request",
    [
      ...ours.serve(
        "an ASGI head is sent with http.response.start, names in lower case, names and values trimmed",
      ),
      ...overMisbehaving("sends a line break in a value as header"),
      ...overMisbehaving("sends an empty name as header"),
      ...resolves('resolveConfig() warns why {"h11PassRawHeaders":true} is ignored'),
    ],
    "Deno gives names of requests in lower case only: h11PassRawHeaders is ignored with a warning",
  ),
  proved("ASG-15", "500 on an error, or without a response", [
    ...overMisbehaving("throws an Error before the start"),
    ...overMisbehaving("sends nothing"),
  ]),
  proved("ASG-16", "A response that fails half-way never looks complete", [
    ...overMisbehaving("throws after the start, later"),
    ...overMisbehaving("returns in the middle, later"),
  ]),
  proved("ASG-17", "send() does nothing after a disconnect", [
    ...asgi(
      "asgiHttp() ignores a whole response after a disconnect",
      "asgiHttp() ignores messages to a client that left, then tells the application",
    ),
  ], "A producer without end is told in the end: after some messages send() throws"),
  proved("ASG-18", "max_app_queue_size bounds what is read ahead", [
    ...receives(
      "RequestEvents reads nothing before the first call",
      "RequestEvents reads at most 3 pieces ahead",
    ),
    ...contract("content that is not read stops the client, and goes on"),
  ]),
  proved("ASG-19", "send() waits for a client that does not read", [
    ...contract("a client that does not read stops the producer, and goes on"),
  ]),
  proved("ASG-20", "A response before the content was read", [
    ...contract("an answer before the content was read arrives"),
    ...ours.http2(
      "HTTP/2 content for a request that was answered already harms no other request",
    ),
  ]),
  notPossible(
    "ASG-21",
    "A client that closed its half gets its response",
    ours.http1(
      "a client that closes its half is taken for one that left, and the application is told",
    ),
    "Deno takes the end of a client's half for the end of the connection",
  ),
];

const WEBSOCKET: readonly Entry[] = [
  proved("WS-01", "Handshake over HTTP/1.1 and its checks", [
    ...handshakes(
      "checkHandshake() answers 101 to several connection options",
      "checkHandshake() answers 405 to POST",
      "checkHandshake() answers 426 to version 12",
      "checkHandshake() answers 400 to a short key",
    ),
    ...testsOf("protocol/guarded_socket_test.ts")(
      "upgradeWebSocket() answers 426 to version 8",
      "upgradeWebSocket() answers 400 to a bad key",
    ),
  ], "405, 426 and 400 by what is wrong (RFC 6455 §4.4), where Hypercorn says 400"),
  notPossible(
    "WS-02",
    "WebSocket over HTTP/2 by extended CONNECT",
    sockets("upgradeWebSocket() answers 426 over HTTP/2, which has no upgrade"),
    "Deno's HTTP/2 does not offer extended CONNECT",
  ),
  proved("WS-03", "WebSocket over HTTP/3 by extended CONNECT", [
    ...testsOf("contract/http3_websocket_test.ts")(
      "WebSocket, ASGI, HTTP/3 (resources): echoes messages of either kind, in order",
      "WebSocket, ASGI, HTTP/3 (resources): accepts with a subprotocol and fields",
      "WebSocket, fetch exchange, HTTP/3 (streams): echoes messages of either kind, in order",
    ),
    ...testsOf("protocol/h3_websocket_test.ts")(
      "a WebSocket over HTTP/3 is accepted with 200, fields, and a subprotocol that was offered",
    ),
    ...h3Requests(
      "H3Request answers 400 to a request for a WebSocket of another version, and says why in the log",
    ),
  ]),
  proved("WS-04", "accept with a subprotocol and header fields", [
    ...webSocket("accepts with a subprotocol and fields"),
    ...asgiSockets("asgiWebSocket() accepts with subprotocol and fields, names in lower case"),
  ]),
  proved("WS-05", "A close before the accept is 403", [
    ...asgiSockets(
      "asgiWebSocket() answers 403 to a close before the accept, then gives the disconnect",
    ),
  ]),
  proved("WS-06", "Denial response", [
    ...webSocket("denies with status, fields and 0 pieces of content"),
    ...webSocket("denies with status, fields and 2 pieces of content"),
    ...asgiSockets("asgiWebSocket() sends a denial with its content, not before the first piece"),
  ]),
  proved("WS-07", "Text and binary messages, fragments joined", [
    ...webSocket("echoes messages of either kind, in order"),
    ...webSocket("joins fragments, answering a ping between them"),
  ]),
  notPossible(
    "WS-08",
    "permessage-deflate",
    ours.webSocket("compression of WebSocket messages is not agreed to when a client offers it"),
    "Deno's WebSocket does not compress; what clients offer is not agreed to",
  ),
  proved("WS-09", "Pings are answered; pings of the server", [
    ...webSocket("joins fragments, answering a ping between them"),
    ...webSocket("pings a silent client at the interval and keeps it while it answers"),
    ...sockets("websocketMaxMessageSize and websocketPingInterval reach the sockets"),
  ], "A ping goes to who was silent, and who stays silent is given up: Hypercorn awaits no pong"),
  proved("WS-10", "A message over the limit closes with 1009", [
    ...webSocket("measures messages in bytes of UTF-8 and takes one of exactly the limit"),
    ...webSocket("adds fragments up for the message limit"),
  ]),
  proved("WS-11", "Close codes and reasons both ways", [
    ...webSocket("carries close code 1000 both ways"),
    ...webSocket("carries close code 4999 both ways"),
    ...webSocket("tells the application 1005 for a Close frame without a code"),
    ...webSocket("tells the application 1006 when the connection is lost"),
  ]),
  proved("WS-12", "1011 when the application ends in between, 500 before the accept", [
    ...webSocket("answers 500 when the application crashes before the accept"),
    ...webSocket("closes with 1011 when a message makes the application crash: throws"),
    ...ours.webSocket(
      "an ASGI application that returns before the accept is answered for with 500, and logged once",
      "an ASGI application that returns while the socket is open closes with 1011",
    ),
  ]),
  proved("WS-13", "Data before the accept", [
    ...webSocket("delivers what was sent before the accept, in order"),
  ], "It is kept for the application, where Hypercorn answers 400"),
];

const WSGI: readonly Entry[] = [
  partly("WSG-01", "WSGI applications are served directly, in threads", [
    ...overTcp(
      "WSGI over HTTP/1.1 by raw socket: requests on one client at the same time are answered each",
    ),
    ...wsgi("wsgiHandler() echoes the request content"),
  ], "A JavaScript function cannot move to another thread: it runs on the one there is"),
  proved("WSG-02", "ASGI and WSGI are told apart", [
    ...forms(
      "detectMode() takes a function of three for asgi",
      "detectMode() takes an arrow with startResponse for wsgi",
      "detectMode() takes a function of two for fetch",
      "detectMode() refuses a function of four",
    ),
  ], "By the number and names of parameters, as a synchronous function may be any form here"),
  proved("WSG-03", "environ", [
    ...environ(
      "buildEnviron() fills in every variable of PEP 3333",
      "buildEnviron() on a Unix socket names localhost and port 80, and no client",
      "buildEnviron() takes over latin-1 values unchanged",
    ),
  ]),
  proved("WSG-04", "SCRIPT_NAME and PATH_INFO by root_path, 404 outside", [
    ...targets('splitTarget() splits below the root: "/pre/fix" under "/pre"'),
    ...targets('splitTarget() finds "/prefix" outside "/pre"'),
    ...targets(`splitTarget() splits Hypercorn's vector: "/中/文" under "/中"`),
    ...wsgi("wsgiHandler() answers 404 outside root_path and splits the path inside"),
  ]),
  proved("WSG-05", "wsgi_max_body_size", [
    ...wsgi(
      "wsgiHandler() answers 413 to declared content beyond the limit without reading it, not running the application",
      "wsgiHandler() answers 413 to streamed content beyond the limit, not running the application",
      "wsgiHandler() accepts content of exactly the limit",
    ),
  ], "413, where Hypercorn says 400"),
  proved("WSG-06", "The head waits for the first chunk; chunks are streamed", [
    ...wsgiHeads(
      "startResponse() may come as late as the first chunk of a generator",
      "startResponse() may be called again until the first chunk, the last call wins",
    ),
    ...wsgi("wsgiHandler() asks for the next chunk only when the last one was taken"),
  ]),
  proved("WSG-07", "close() of the result", [
    ...wsgi(
      "wsgiHandler() calls close() once at the end",
      "wsgiHandler() calls close() once after a failure of the iterator",
      "wsgiHandler() stops, closes and returns the iterator when the client leaves",
    ),
  ]),
  proved("WSG-08", "WebSockets are denied with 403, the lifespan is passed over", [
    ...forms(
      "normalise() denies WebSockets of WSGI applications with 403",
      "normalise() gives only fetch applications the short cut, only ASGI a lifespan",
    ),
  ]),
];

const CONFIGURATION: readonly Entry[] = [
  proved("CFG-01", "All options with their defaults", [
    ...config("new Config() has Hypercorn's defaults"),
    ...options(
      "OPTIONS and the attributes of Config are the same names",
      "OPTIONS give snake_case names as Hypercorn writes them",
      "Config documents the default of every attribute as it is",
    ),
  ]),
  proved("CFG-02", "Loaded from a mapping, an object, a program file, TOML", [
    ...loads(
      "Config.fromToml() reads a Hypercorn file unchanged",
      "Config.fromModule() reads a default export, by path and by URL",
      "Config.fromModule() reads named exports, by path and by URL",
      "Config.fromJson() reads an object in either spelling",
    ),
    ...testsOf("property/config_test.ts")(
      "Config.fromMapping() gives both spellings of an option the same value",
    ),
  ]),
  proved("CFG-03", "The command line wins over the file, lists are replaced", [
    ...settles(
      "settle() lets flags win over the file, and the file over the defaults",
      "settle() replaces lists as a whole",
    ),
  ]),
  partly("CFG-04", "Addresses: host, port, IPv6, Unix socket, file descriptor", [
    ...binds(
      'parseBind() reads "127.0.0.1" as 127.0.0.1 and port 8000',
      'parseBind() reads ":8111" as 0.0.0.0 and port 8111',
      'parseBind() reads "[::]" as :: and port 8000',
      'parseBind() reads "unix:/tmp/x.sock" as a Unix socket',
      "parseBind() refuses a file descriptor with a hint",
    ),
  ], "Deno cannot take over a file descriptor: fd:// is refused with the reason"),
  proved("CFG-05", "Several addresses; TLS, plain and QUIC side by side; backlog", [
    ...listens("start() opens every bind and reports the real ports"),
    ...tls("start() opens insecure_bind in plain text beside TLS"),
    ...http3("start() tells of HTTP/3 addresses after the others, with their real ports"),
    ...ours.serve("backlog is what the system is asked for"),
  ]),
  proved("CFG-06", "Unix sockets: umask, owner, a stale socket is removed", [
    ...listens(
      "start() serves a Unix socket: no addresses, umask obeyed, file removed at the end",
      "start() takes the place of a socket file that a killed server left behind",
      "start() leaves a socket alone that somebody listens on",
      "start() leaves a file alone that is no socket",
    ),
    ...ours.serve("a Unix socket belongs to user and group"),
  ]),
  partly("CFG-07", "TLS: certificate, key, password, ciphers, ALPN, 1.2 at least", [
    ...tls(
      "start() serves TLS with certificate and key from files",
      "start() serves TLS with certificate and key from an encrypted key with its password",
    ),
    ...ours.tls("TLS 1.1 is refused", "TLS answers a client that offers … with …"),
    ...options('Config refuses wrong values of "ciphers", naming key, expected and received'),
    ...resolves('resolveConfig() warns why {"alpnProtocols":["h2"]} is ignored'),
  ], "Deno chooses ciphers and ALPN itself: ciphers is refused, another alpnProtocols warned of"),
  notPossible("CFG-08", "Client certificates", [
    ...options(
      'Config refuses wrong values of "caCerts", naming key, expected and received',
      'Config refuses wrong values of "verifyMode", naming key, expected and received',
      'Config refuses wrong values of "verifyFlags", naming key, expected and received',
    ),
    ...config(
      "ConfigError has the whole story about an option that Deno cannot honour in its message",
    ),
  ], "Deno's servers ask for none: the options are refused, so that nobody relies on them"),
  partly("CFG-09", "The fields date and server can be switched off", [
    ...contract("no server field when it is switched off, and alt-svc as configured"),
    ...responseFields("responseFields() has nothing to add when everything is off"),
    ...resolves('resolveConfig() warns that "includeDateHeader" acts over HTTP/3 only'),
  ], "Deno adds date over HTTP/1.1 and HTTP/2 by itself"),
  proved("CFG-10", "alt-svc, automatic and by hand", [
    ...http3(
      "alt-svc over HTTP/1 names the UDP ports, over TLS only",
      "alt-svc over HTTP/2 names the UDP ports, over TLS only",
      "alt-svc is as configured instead, on every bind",
      "alt-svc is not sent without quicBind",
    ),
  ]),
];

const COMMAND_LINE: readonly Entry[] = [
  proved("CLI-01", "All flags and the grammar of their values", [
    ...ours.operation("the command line knows every flag of Hypercorn"),
    ...flags(
      "the tables above have every flag, in its long and its short form",
      "parseArguments() reads --bind a:1 --bind b:2 as bind",
      "parseArguments() completes --grace 3",
      "parseArguments() refuses --workers two",
    ),
  ], "Times may have a fraction, and umask may be octal"),
  proved("CLI-02", "Finding the application: module, name, path", [
    ...loading(
      'loadApplication() loads "main"',
      'loadApplication() loads "main.ts:handler"',
      'loadApplication() loads "main.ts:api.app"',
      'loadApplication() loads "sub/mod"',
      "loadApplication() loads URLs, exports included",
      "loadApplication() calls a factory without arguments and awaits it",
      "loadApplication() explains a name as Python has them",
    ),
    ...program("the command serves the application that the configuration file names"),
  ], "A name is followed, not evaluated as an expression; --factory calls it"),
  proved("CLI-03", "Prefixes asgi: and wsgi:", [
    ...loading(
      'loadApplication() passes on the form "asgi"',
      'loadApplication() passes on the form "wsgi"',
    ),
    ...testsOf("app/application_name_test.ts")(
      'parseApplicationName() refuses "rsgi:main.ts:app"',
    ),
  ]),
  proved("CLI-04", "--config with a program file or TOML", [
    ...settles(
      "settle() reads --config @/hypercorn.conf",
      "settle() reads --config ts:@/options.ts",
      "settle() reads --config file:@/options.ts",
      "settle() lays -c python:my.config to the file",
    ),
  ], "python: is refused with a hint; JSON is read, too"),
  proved("CLI-05", "What is said when the application is not found", [
    ...loading('loadApplication() refuses "mian.ts"', 'loadApplication() refuses "main.ts:aap"'),
    ...program("the command ends with 1 for an application that is not there"),
  ]),
  proved("CLI-06", "Exit codes 0, 1, 2", [
    ...program(
      "the command serves in its own process, writes its pid file, and ends with 0",
      "the command ends with 2 for an unknown flag",
      "the command ends with 1 when the address is in use",
      "the command ends with 1 for an application that a worker cannot load",
    ),
    ...cli("command() ends with 2 for a value that an option refuses"),
  ], "An impossible value of a flag is 2, where Hypercorn has 1 for some"),
  proved("CLI-07", "Deprecated flags, with a warning", [
    ...flags(
      "parseArguments() warns about --access-log a.log",
      "parseArguments() warns about --error-log a.log",
    ),
    ...settles("settle() lays --cert-reqs 2 to the flag"),
  ], "--cert-reqs is refused, as --verify-mode is"),
];

const PROCESSES: readonly Entry[] = [
  proved("PRC-01", "No, one or several workers", [
    ...program(
      "the command serves in its own process, writes its pid file, and ends with 0",
      "the command serves in a worker by default, whose supervisor owns the pid file",
    ),
    ...session(...DAY),
  ]),
  proved("PRC-02", "Workers share the listening sockets", [
    ...workers(
      "two workers: reloads and a crash fail no request but those of the crash, and SIGTERM ends with 0",
    ),
    ...session(...DAY),
    ...supervisor(
      "Supervisor starts one worker first, and then the others with the ports it was given",
    ),
  ], "They share addresses: each listens itself, and the system shares connections out"),
  proved("PRC-03", "Workers that ended well are replaced", [
    ...supervisor(
      "Supervisor restarts a worker at once when it left cleanly, and leaves the others alone",
    ),
  ]),
  proved("PRC-04", "A worker that fails, and the exit code", [
    ...supervisor(
      "Supervisor restarts a worker after 3.5 s when it failed, and leaves the others alone",
      "Supervisor gives up after five ends with 7 within 30 s, exit code 7",
      "Supervisor fails its start with the reason of the first worker, without another try",
    ),
    ...program("the command ends with 1 for an application that a worker cannot load"),
  ], "It is restarted, where Hypercorn stops the others and ends with 0"),
  proved("PRC-05", "SIGINT and SIGTERM stop all workers gracefully", [
    ...session(
      ...DAY,
      "Ctrl+C in a terminal, which reaches supervisor and workers alike, is one graceful stop",
    ),
    ...supervisor(
      "Supervisor stops all workers at once and ends with 0 when they did",
      "Supervisor kills a worker that does not stop in its times, and ends with 1",
    ),
  ]),
  proved("PRC-06", "SIGHUP replaces the workers", [
    ...session(...DAY),
    ...supervisor(
      "Supervisor reloads one worker after another, each new one ready before the old one stops",
    ),
  ], "One after the other, with the configuration read anew"),
  proved("PRC-07", "Reload when a file changes", [
    ...workers(
      "--reload serves each good version, and the last good one while there is a bad one",
    ),
    ...testsOf("workers/watch_test.ts")(
      "FileWatch sees files that are written, replaced, moved in and removed",
      "findTargets() finds folder, imports from elsewhere, configuration and reload paths",
    ),
  ], "What workers import is watched, configuration and other files too"),
  proved("PRC-08", "max_requests with jitter", [
    ...hosts(
      "a request beyond max_requests is served and stops the server",
      "drawBudget() adds at most the jitter, and both ends occur",
    ),
    ...workers("max_requests replaces workers without a failed request"),
    ...supervisor("Supervisor replaces a worker that reached a limit before that stops"),
  ]),
  proved("PRC-09", "File with the process id", [
    ...testsOf("workers/pid_file_test.ts")(
      "writePidFile() writes the process id as a line, and removes the file in the end",
      "writePidFile() replaces what is stale",
      "writePidFile() refuses a path that cannot be written",
    ),
    ...program(
      "the command serves in a worker by default, whose supervisor owns the pid file",
    ),
  ], "It is removed in the end, and no other server's is overwritten"),
  notPossible("PRC-10", "daemon", [
    ...resolves('resolveConfig() warns why {"daemon":false} is ignored'),
    ...flags("parseArguments() warns about -D"),
  ], "It is about Python's multiprocessing; ignored with a warning"),
  notPossible(
    "PRC-11",
    "Worker classes",
    [
      ...resolves('resolveConfig() warns why {"workerClass":"trio"} is ignored'),
      ...settles("settle() lays --worker-class gevent to the flag"),
    ],
    "There is one event loop, Deno's: Hypercorn's names are ignored with a warning, others refused",
  ),
];

const LOGS: readonly Entry[] = [
  proved("LOG-01", "Error log: target, level, format", [
    ...starts("start() writes errorlog to a file in Hypercorn's format"),
    ...errorLog(
      "openErrorLog() writes Hypercorn's lines, each at once",
      "openErrorLog() of level ERROR passes [ERROR] to a handler of DEBUG",
      "openErrorLog() without handlers logs nothing",
    ),
    ...settles("settle() lays --log-level loud to the flag"),
  ]),
  proved("LOG-02", "Access log: target, format", [
    ...ours.operation("a request leaves one access line, and a malformed one none"),
    ...logs(
      "openAccessLog() writes the default format to a sink, without prefix",
      'openAccessLog() opens nothing for {"accesslog":""}',
      'openAccessLog() opens nothing for {"accesslog":"-","loglevel":"WARNING"}',
    ),
    ...accessLog(
      "an access log begins text lines as the error log does, and JSON lines not",
      "two access logs share a file, line by line",
    ),
  ]),
  proved("LOG-03", "All atoms of the access log", [
    ...atoms(
      ...["h", "l", "u", "r", "R", "m", "U", "Uq", "q", "H", "s", "st", "S", "b", "B", "f", "a"]
        .map((atom) => `atom ${atom} of Hypercorn's vector is …`),
      ...["T", "D", "L", "p", "{X-Hypercorn}i", "{X-HYPERCORN}o"]
        .map((atom) => `atom ${atom} of Hypercorn's vector is …`),
      "atom t is the local time at which the line is written",
      "atom {NAME}e is a variable of the process, in either case, escaped",
    ),
  ]),
  proved("LOG-04", "Access lines of cancelled requests and of WebSockets", [
    ...ours.operation(
      "a client that leaves before a response that completes later leaves one access line",
      "a WebSocket leaves one access line, whether it is accepted or fails",
    ),
    ...accessLog(
      "an access log has one line for a request that ended so: - aborted",
      "an access log has one line for a request that ended so: 101 complete",
    ),
    ...testsOf("protocol/h3_observe_test.ts")(
      "the HTTP/3 driver tells its observer once of a client that closes the connection before the response",
    ),
  ]),
  proved("LOG-05", "logconfig", [
    ...logs("logconfig wins over errorlog, accesslog and loglevel, each log for itself"),
    ...logConfig(
      "readLogConfig() reads both logs with all that there is",
      "readLogConfig() reads Python's names, and any case of levels",
      "readLogConfigFile() reads toml:a.conf",
      "readLogConfigFile() reads json:a.toml",
      "readLogConfigFile() refuses log.ini",
    ),
  ], "Python's formatters and INI files are refused with a hint, not half understood"),
  proved("LOG-06", "Logger classes of one's own, with atoms", [
    ...logs(
      "loggerClass takes the place of both logs, with atoms of its own",
      "loggerClass without access() leaves access lines to accesslog, with its atoms",
      "a logger of the user's that throws does not reach the server",
    ),
  ]),
  proved("LOG-07", "StatsD", [
    ...ours.operation("statsdHost gets what happens to a request"),
    ...statsd(
      "StatsdObserver sends a complete request: duration, requests, status",
      "StatsdObserver sends no status when the client left before the response",
      "StatsdObserver sends a WebSocket when it is accepted",
      "StatsdObserver counts log messages by Hypercorn's names",
      "StatsdObserver sends over IPv6",
    ),
  ]),
  proved("LOG-08", "DogStatsD: tags and prefix", [
    ...statsd(
      "StatsdObserver sends a prefix, with the dot it lacks",
      "StatsdObserver sends tags on every datagram",
    ),
  ]),
];

const MIDDLEWARE: readonly Entry[] = [
  proved("MID-01", "Dispatcher: mounts, root_path, 404", [
    ...dispatcher(
      'dispatcher() of ["/api/x", "/api"] gives /api/x/b to "/api/x"',
      'dispatcher() of ["/api/x", "/api"] answers 404 to /',
      'dispatcher() of ["/api"] answers 404 to /API',
      "dispatcher() of mixed forms shows /asgi/x as …",
      "dispatcher() gives WebSockets to the same mounts, and denies others with 404",
    ),
  ], "A mount ends where a segment ends"),
  proved("MID-02", "Dispatcher: lifespan of every mount", [
    ...dispatcher(
      "dispatcher() starts all in order, each with its own state, and stops them in reverse",
      "dispatcher() stops what had started when one fails, and fails with its words",
      "dispatcher() serves an application without lifespan beside one with it",
    ),
  ], "Each with a state of its own; one that fails fails the start"),
  proved("MID-03", "Redirect to HTTPS with 307", [
    ...redirect(
      "redirectToHttps() answers 307 https://localhost/abc?a=b for a path with a query",
      "redirectToHttps() answers 307 https://localhost/abc%3C?a=b for an escaped path",
      "redirectToHttps() sends to https on the host that was asked for, or answers 400",
      "redirectToHttps() passes for https",
    ),
  ]),
  proved("MID-04", "Redirect of WebSockets", [
    ...redirect(
      "redirectToHttps() answers 307 wss://localhost/abc?a=b for a WebSocket over HTTP/1.1",
      "redirectToHttps() passes for wss",
    ),
  ]),
  proved("MID-05", "ProxyFix by X-Forwarded", [
    ...proxyFix(
      "proxyFix() believes … for legacy 1: upstream's own test",
      "proxyFix() believes … for legacy 2: each list on its own, one that is too short is ignored",
      "proxyFix() believes {} for legacy 4: fewer items than hops",
      "proxyFix() believes … for legacy 1: host with port, in place of every host field",
    ),
  ]),
  proved("MID-06", "ProxyFix by Forwarded", [
    ...proxyFix(
      "proxyFix() believes … for modern 1: upstream's own test",
      "proxyFix() believes … for modern 2: two lines",
      "proxyFix() believes {} for modern 1: only X-Forwarded-*, unlike Hypercorn",
    ),
  ]),
  proved("MID-07", "WSGI as middleware, with a limit", [
    ...testsOf("middleware/wsgi_test.ts")(
      "wsgi() answers 200 to the default limit",
      "wsgi() answers 413 to a byte more",
      "wsgi() answers 200 to a limit of its own",
      "wsgi() stays WSGI whatever mode the server is given",
    ),
  ], "413, where Hypercorn says 400"),
];

const LIMITS: readonly Entry[] = [
  proved("LIM-01", "keep_alive_timeout", [
    ...testsOf("protocol/guarded_timers_test.ts")(
      "GuardedListener ends a client that says nothing",
      "GuardedListener ends half a request head",
      "GuardedListener ends silence after a response",
    ),
  ]),
  partly("LIM-02", "read_timeout", [
    ...testsOf("protocol/limits_content_test.ts")(
      "Content that does not come makes reading fail for a fetch handler by body, and the client gets 408",
      "Content that does not come makes reading fail for an ASGI application, and the client gets 408",
    ),
  ], "While the content of a request is being read; not on WebSockets, which have pings"),
  partly("LIM-03", "ssl_handshake_timeout", [
    ...quic(
      "QUIC listener: a handshake that does not go on is dropped in time, others are served",
    ),
    ...testsOf("protocol/guarded_tls_test.ts")(
      "GuardedListener counts a client that never says hello in TLS until it leaves",
    ),
  ], "Over TCP Deno keeps the socket of a client that is late until it leaves"),
  partly("LIM-04", "431 for a head of HTTP/1 that is too large", [
    ...ours.http1("a request head without end … ends with its connection, and others are served"),
    ...testsOf("protocol/limits_head_test.ts")("judgeLimits() gives 431 to a larger one"),
  ], "Unless the option is set the limit is Deno's, 64 KiB, and its answer 400"),
  partly("LIM-05", "Limits of HTTP/2 on streams, field sections, frames", [
    ...ours.http2(
      "HTTP/2 announces limits on streams, frames and field sections",
      "HTTP/2 refuses streams beyond its limit, and serves those within",
      "HTTP/2 ends a connection with FRAME_SIZE_ERROR for a frame beyond the limit",
      "HTTP/2 refuses a field section beyond the limit before the application sees it",
    ),
    ...h3Requests(
      "H3Request answers 431 to a request with more fields than are allowed, and says why in the log",
    ),
    ...resolves(
      'resolveConfig() warns that "h2MaxConcurrentStreams" acts over HTTP/3 only',
      'resolveConfig() warns why {"h2MaxInboundFrameSize":1} is ignored',
    ),
  ], "Over HTTP/2 the values are Deno's: the options act over HTTP/3, with a warning"),
  proved("LIM-06", "keep_alive_max_requests", [
    ...testsOf("protocol/guarded_close_test.ts")(
      "GuardedListener with maxRequests serves 3 of ten pipelined requests",
      'GuardedListener with {"maxRequests":3} loses no request of HTTP/2',
    ),
  ]),
  proved("LIM-07", "404 for a host that is not in server_names", [
    ...contract("a host that is not in server_names is refused with 404"),
    ...contract("hosts in server_names are served, whatever their case", "h1", "h3"),
  ], "Host names have no case (RFC 9110 §4.2.3)"),
];

const HTTP1: readonly Entry[] = [
  proved("H1-01", "Keep-alive, pipelining, Connection: close", [
    ...contract(
      "one connection carries requests one after the other, with and without content",
      "h1",
    ),
    ...contract("pipelined requests are answered in order", "h1"),
    ...contract("connection: close is obeyed", "h1"),
  ]),
  partly("H1-02", "HTTP/1.0", [
    ...contract("HTTP/1.0 gets a length or the end of the connection, never chunks", "h1"),
    ...contract("HTTP/1.0 keeps the connection when asked to", "h1"),
  ], 'Deno does not tell the version: applications see "1.1" or "2"'),
  proved("H1-03", "Chunked content both ways", [
    ...contract("request content of unknown length comes back", "h1"),
    ...contract("streamed content has no content-length and arrives whole", "h1"),
    ...ours.http1("chunk extensions and trailers of a request are passed over"),
  ]),
  proved("H1-04", "100-continue", [
    ...contract("Expect: 100-continue is answered before the content comes", "h1"),
  ]),
  partly("H1-05", "400, 431 and 501 for what cannot be parsed", [
    ...ours.http1(
      "a request … is answered with 400 and closed, and the application not asked",
      "a broken chunk ends the connection, and no application takes what came for the whole",
    ),
    ...testsOf("contract/authority_test.ts")(
      "a transfer coding that nobody decodes is answered with 501 (RFC 9112 §6.1)",
    ),
    ...contract("two Host fields are refused with 400", "h1"),
  ], "Deno's parser answers 400 where Hypercorn says 431 (LIM-04)"),
];

const HTTP2: readonly Entry[] = [
  proved("H2-01", "HTTP/2 by ALPN", [
    ...ours.tls("TLS answers a client that offers http/1.1 before h2 with h2"),
    ...contract("version, scheme, host and both addresses are right", "h2"),
  ]),
  notPossible(
    "H2-02",
    "Upgrade: h2c",
    ours.http2("Upgrade: h2c is answered in HTTP/1.1, by the same application"),
    "Deno ignores it, as RFC 9113 §3.1 allows, and answers in HTTP/1.1",
  ),
  proved("H2-03", "HTTP/2 by prior knowledge", [
    ...overTcp("ASGI over h2c by curl: version, scheme, host and both addresses are right"),
    ...ours.http2("HTTP/2 announces limits on streams, frames and field sections"),
  ]),
  partly("H2-04", "Flow control and priorities", [
    ...ours.http2("HTTP/2 content that an application does not read holds up no other stream"),
    ...contract("a client that does not read stops the producer, and goes on", "h2"),
  ], "Deno heeds no priorities over HTTP/2; over HTTP/3 those of RFC 9218 are heeded"),
  proved("H2-05", "GOAWAY at a stop", [
    ...ours.http2(
      "HTTP/2 is told of a stop by GOAWAY, and what was accepted is answered first",
      "HTTP/2 connections without requests are told of a stop and closed at once",
    ),
  ], "In two steps: what crosses the first GOAWAY is still answered"),
];

const HTTP3: readonly Entry[] = [
  proved("H3-01", "QUIC binds, requests over HTTP/3", [
    ...contract("version, scheme, host and both addresses are right", "h3"),
    ...testsOf("interop/http3_test.ts")(
      "HTTP/3: gtlsclient gets a page, and HTTP/3 is what the application sees",
      "HTTP/3: Chromium gets a page, and HTTP/3 is what the application sees",
    ),
    ...h3Exchanges(
      "H3Exchange answers GET with content of one piece: one HEADERS, one DATA and content-length",
    ),
  ]),
  proved("H3-02", "Version negotiation, connection ids, timers", [
    ...ours.http3(
      "QUIC answers a version that nobody knows with those it knows (RFC 9000 §6)",
      "QUIC takes no harm from a first datagram below 1200 bytes (RFC 9000 §14.1)",
    ),
    ...testsOf("interop/gtlsclient_test.ts")(
      "HTTP/3: a client that moves to another address is served",
      "HTTP/3: every tenth packet lost both ways harms no content",
    ),
    ...quic("QUIC connection (resources): silence ends it as a time-out"),
  ]),
];

/** The ledger. */
export const FEATURES: readonly Entry[] = [
  ...SERVE,
  ...LIFESPAN,
  ...ASGI,
  ...WEBSOCKET,
  ...WSGI,
  ...CONFIGURATION,
  ...COMMAND_LINE,
  ...PROCESSES,
  ...LOGS,
  ...MIDDLEWARE,
  ...LIMITS,
  ...HTTP1,
  ...HTTP2,
  ...HTTP3,
];

/** What the contract says of ASGI applications, over all protocols or those given. */
function contract(what: string, ...protocols: readonly ("h1" | "h2" | "h3")[]): Proof[] {
  const over = {
    h1: () => overTcp(`ASGI over HTTP/1.1 by raw socket: ${what}`),
    h2: () => overTcp(`ASGI over HTTP/2 over TLS by fetch: ${what}`),
    h3: () => overHttp3(`ASGI over HTTP/3 (streams): ${what}`),
  };
  const wanted = protocols.length > 0 ? protocols : ["h1", "h2", "h3"] as const;
  return wanted.flatMap((protocol) => over[protocol]());
}

/** What the contract says of WebSockets of ASGI applications. */
function webSocket(what: string): Proof[] {
  return overWebSocket(`WebSocket, ASGI: ${what}`);
}

/** What is done about an ASGI application that misbehaves, over all protocols. */
function overMisbehaving(what: string): Proof[] {
  return ["1.1", "2", "3"].flatMap((version) =>
    misbehaving(`ASGI application over HTTP/${version} that ${what}`)
  );
}
