/**
 * The known flaws of Hypercorn 0.18.0: how it is here instead, and the test that shows it.
 *
 * @module
 */

import {
  asgi,
  asgiSockets,
  atoms,
  binds,
  config,
  dispatcher,
  environ,
  flags,
  forms,
  h3Exchanges,
  h3Leaving,
  h3Listeners,
  h3Requests,
  h3Responses,
  h3Stops,
  handshakes,
  http3,
  leaving,
  lifespan,
  listens,
  misbehaving,
  options,
  ours,
  overHttp3,
  overTcp,
  overWebSocket,
  proxyFix,
  redirect,
  resolves,
  session,
  settles,
  sockets,
  starts,
  stops,
  stubborn,
  supervisor,
  targets,
  wsgi,
  wsgiHeads,
  wsgiOutput,
} from "./hypercorn_files.ts";
import {
  type Entry,
  notApplicable,
  notPossible,
  partly,
  proved,
  testsOf,
} from "./hypercorn_ledger.ts";

/** Stops, isolation of connections, and what one peer can do to others. */
const LIFE: readonly Entry[] = [
  proved("1", "graceful_timeout is not enforced; an open WebSocket blocks the exit", [
    ...stops("shutdown() ends within graceful_timeout with …"),
    ...sockets(
      "shutdown() of a ASGI application completes close handshakes with 1001",
      "shutdown() of a ASGI application cuts a silent client at graceful_timeout",
    ),
  ], "WebSockets get 1001 when the stop begins, and everything is cut at gracefulTimeout"),
  proved("1b", "The first worker that stops kills the others", [
    ...ours.workers(
      "a stop of several workers lets every request finish, and refuses new connections meanwhile",
    ),
    ...supervisor("Supervisor stops all workers at once and ends with 0 when they did"),
    ...session(
      "Ctrl+C in a terminal, which reaches supervisor and workers alike, is one graceful stop",
    ),
  ], "Each has its own time to stop"),
  proved("2", "An exception in one connection ends the server", [
    ...misbehaving("ASGI application over HTTP/… that throws while it streams"),
    ...testsOf("hostile/websocket_test.ts")(
      "WebSocket, ASGI: ends the connection of a peer that sends …, no other",
    ),
    ...testsOf("protocol/h3_delivery_test.ts")(
      "H3ConnectionDriver survives any bytes on any stream, and serves others",
    ),
    ...ours.http2(
      "HTTP/2 malformed requests end their connection or stream, and no other connection",
    ),
  ], "Every exchange is on its own; each of these tests asks the server again afterwards"),
  proved("3", "An application that does not read stalls its connection, or all of HTTP/3", [
    ...ours.http2("HTTP/2 content that an application does not read holds up no other stream"),
    ...h3Exchanges(
      "H3Exchange takes no more of a request than the application reads: one piece and the window",
    ),
    ...h3Listeners("H3Listener serves connections independently of one that stalls"),
    ...h3Stops("H3Listener.shutdown() does not wait for the rest of an upload that was answered"),
  ], "Flow control is per stream, and nobody waits in what all share"),
  proved("4", "Content for a response that is complete ends the HTTP/2 connection", [
    ...ours.http2(
      "HTTP/2 content for a request that was answered already harms no other request",
    ),
  ], "RST_STREAM with NO_ERROR, and the other streams go on"),
  proved("5", "Trailers, late content or a path beyond ASCII end HTTP/3 for everybody", [
    ...ours.http3(
      "a path beyond ASCII over HTTP/3 harms nobody else",
      "request trailers over HTTP/3 harms nobody else",
      "content after the answer over HTTP/3 harms nobody else",
      "an upload that is left over HTTP/3 harms nobody else",
    ),
  ], "They are handled, or end one stream or connection"),
  proved("5b", "keep_alive_max_requests drops responses of HTTP/2", [
    ...testsOf("protocol/guarded_close_test.ts")(
      'GuardedListener with {"maxRequests":3} loses no request of HTTP/2',
    ),
  ], "GOAWAY, and everything that was begun is answered"),
  proved("6", "HTTP/3 applications are not told when the client leaves", [
    ...h3Leaving(
      "H3Exchange aborts once with DisconnectError when the client resets the request while it is read",
      "H3Exchange aborts once with DisconnectError when the client stops the response while it is streamed",
      "H3Exchange aborts once with DisconnectError when the client closes the connection while the request is read",
    ),
    ...overHttp3(
      "ASGI over HTTP/3 (streams): a client that closes the connection ends a handler that waits",
    ),
  ], "They are told as over TCP"),
  proved("7", "HTTP/3 fails with several workers", [
    ...ours.workers(
      "HTTP/3 connections of several workers each reach one worker, as often as one tries",
    ),
    ...testsOf("workers/assigned_binds_test.ts")(
      "assignBinds() gives each worker UDP ports of its own, on every address",
    ),
    ...supervisor(
      "Supervisor gives no two living workers the same UDP ports, and uses the lowest",
    ),
  ], "Each worker has UDP ports of its own, and advertises them"),
  proved("8", "An application that sends to a client of HTTP/2 that left hangs for ever", [
    ...leaving(
      "ASGI application whose HTTP/2 client leaves during a stream",
      "ASGI application whose HTTP/2 client leaves while a stream is silent",
    ),
    ...asgi("asgiHttp() ignores messages to a client that left, then tells the application"),
    ...stubborn(
      "an ASGI application that sends for ever to a client that left, deaf to errors, starves nobody",
    ),
  ], "send() returns, and in the end throws"),
  proved("9", "HTTP/3 makes each stop last the whole graceful_timeout, and clients are not told", [
    ...ours.http3("a stop with idle HTTP/3 connections does not wait for them"),
    ...h3Stops(
      "H3Listener.shutdown() finishes what is in progress, names the last stream and closes with H3_NO_ERROR",
      "H3Listener.shutdown() closes idle connections at once",
    ),
  ], "GOAWAY, then CONNECTION_CLOSE as soon as nothing is in progress"),
  proved("10", "A stop waits up to 30 s for the TLS goodbye of clients", [
    ...ours.serve("a stop does not wait for a TLS client that neither reads nor closes"),
  ], "It does not wait for it"),
  proved("11", "New connections hang during the stop of a supervised server", [
    ...ours.workers(
      "a stop of several workers lets every request finish, and refuses new connections meanwhile",
    ),
    ...ours.serve("a stop refuses new connections while it waits for the request in progress"),
  ], "They are refused: the supervisor holds no socket"),
  proved("12", "CancelledError comes out of serve() when the lifespan task lives on", [
    ...lifespan(
      "Lifespan.shutdown() succeeds when the application completes and does not return",
      "Lifespan.shutdown() succeeds when the application completes and throws later",
    ),
  ], "shutdown.complete is enough"),
  proved("13", "A lifespan that returns early ends the start (trio)", [
    ...lifespan("Lifespan.startup() goes on silently when the application returns without a word"),
    ...forms("normalise() gives only fetch applications the short cut, only ASGI a lifespan"),
  ], "There is one event loop, and it goes on"),
  proved("14", "Binds although the start failed; a failed stop is lost; wrong stage (trio)", [
    ...starts("start() rejects after lifespan.startup.failed and binds nothing"),
    ...stops(
      "shutdown() rejects with the reason of lifespan.shutdown.failed",
      "shutdown() rejects with LifespanTimeoutError when the application ignores lifespan.shutdown",
    ),
  ], "Nothing is bound, the error comes out, and names its stage"),
  proved("15", "A failed worker gives exit code 0, and stops the others", [
    ...supervisor(
      "Supervisor restarts a worker after 3.5 s when it failed, and leaves the others alone",
      "Supervisor gives up after five ends with 7 within 30 s, exit code 7",
    ),
    ...testsOf("cli/program_test.ts")(
      "the command ends with 1 for an application that a worker cannot load",
    ),
  ], "It is restarted; what ends the server is its exit code"),
];

/** WebSockets and WSGI. */
const FORMS: readonly Entry[] = [
  proved("16", "Applications see 1006 whatever a WebSocket client says", [
    ...overWebSocket(
      "WebSocket, ASGI: carries close code 1000 both ways",
      "WebSocket, ASGI: carries close code 4999 both ways",
      "WebSocket, ASGI: tells the application 1005 for a Close frame without a code",
    ),
  ], "They see code and reason"),
  proved("17", "After 404 or a refused handshake the connection is left over, without a timer", [
    ...ours.serve(
      "a connection that was refused a host that is not served goes on, and holds up no stop",
      "a connection that was refused a WebSocket handshake without key goes on, and holds up no stop",
    ),
  ], "It goes on like any other"),
  proved("18", "WebSocket data before the accept is refused", [
    ...overWebSocket("WebSocket, ASGI: delivers what was sent before the accept, in order"),
  ], "It is kept for the application"),
  notPossible(
    "19",
    "A WebSocket peer that breaks a rule gets no Close frame",
    testsOf("hostile/websocket_test.ts")(
      "WebSocket, ASGI: ends the connection of a peer that sends text that is not UTF-8, no other",
      "WebSocket, ASGI: ends the connection of a peer that sends reserved bits, no other",
    ),
    "Deno parses the frames and cuts such a peer without one; applications see an error code",
  ),
  proved("20", "Limits of HTTP/2 frames and field sections have no effect, silently", [
    ...resolves(
      'resolveConfig() warns why {"h2MaxInboundFrameSize":1} is ignored',
    ),
    ...testsOf("protocol/limits_head_test.ts")("judgeLimits() gives 431 to a larger one"),
    ...ours.http2(
      "HTTP/2 refuses a field section beyond the limit before the application sees it",
    ),
    ...h3Requests(
      "H3Request answers 431 to a request with more fields than are allowed, and says why in the log",
    ),
  ], "Over HTTP/2 the limits are Deno's, and the log says so; over HTTP/3 they act"),
  proved("21", "--max-requests-jitter, --statsd-prefix and -D do something else", [
    ...settles("settle() keeps what the file says where Hypercorn's flags overwrite it"),
    ...flags(
      "parseArguments() reads --max-requests-jitter 50 as maxRequestsJitter",
      "parseArguments() warns about -D",
    ),
  ], "Each sets its own option, and only when given; -D says that it does nothing"),
  proved("22", "A bad accept of a WebSocket drops the connection", [
    ...ours.webSocket(
      "an ASGI application that accepts a subprotocol nobody offered is answered for with 500",
    ),
    ...overWebSocket("WebSocket, ASGI: answers 500 and logs when the application sets connection"),
    ...asgiSockets("asgiWebSocket() stays in the handshake when the accept is refused"),
  ], "The application may try again; else 500"),
  proved("23", "An empty result of a WSGI application is answered with 500", [
    ...wsgiOutput(
      "wsgiHandler() sends an empty array with content-length 0",
      "wsgiHandler() sends an empty iterable with content-length 0",
      "wsgiHandler() sends an empty 204 with content-length absent",
    ),
  ], "It is an empty response"),
  proved("24", "WSGI applications run with half an upload, and go on for nobody", [
    ...wsgi(
      "wsgiHandler() does not run the application when the client leaves during the upload",
      "wsgiHandler() stops, closes and returns the iterator when the client leaves",
    ),
  ], "They do not run, and are stopped"),
  proved(
    "25",
    "A response that fails half-way stays open (HTTP/2, HTTP/3)",
    [
      ...misbehaving(
        "ASGI application over HTTP/2 that throws after the start, later",
        "ASGI application over HTTP/3 that throws after the start, later",
      ),
      ...testsOf("interop/broken_response_test.ts")(
        "HTTP/3: an ASGI response that breaks off harms none of the 49 beside it, and nobody after",
      ),
    ],
    "RST_STREAM over HTTP/2; over HTTP/3, where Deno cannot reset, the connection ends with an error",
  ),
  proved("26", "ProxyFix falls back to fields that anybody can send", [
    ...proxyFix(
      "proxyFix() believes {} for modern 1: only X-Forwarded-*, unlike Hypercorn",
      "proxyFix() believes … for modern 1: a comma in quotes, unlike Hypercorn",
      "proxyFix() believes … for modern 1: names in capitals, unlike Hypercorn",
      "proxyFix() believes … for modern 1: space behind semicolons, unlike Hypercorn",
      "proxyFix() believes {} for a peer that is not trusted",
    ),
  ], "It does not; Forwarded is read by its grammar (RFC 7239 §4)"),
  proved("27", "Trailers without te, or over HTTP/1, break the response", [
    ...asgi("asgiHttp() drops announced trailers where the protocol has none"),
    ...misbehaving(
      "ASGI application over HTTP/1.1 that sends trailers nobody announced",
      "ASGI application over HTTP/3 that announces trailers and sends none",
    ),
    ...overHttp3(
      "ASGI over HTTP/3 (streams): response trailers are dropped where the client has not said that it takes them",
    ),
  ], "They are dropped where nobody takes them; what is out of place is an error in send()"),
];

/** Rules of the protocols. */
const PROTOCOLS: readonly Entry[] = [
  proved("28", "Errors over HTTP/3 carry connection: close", [
    ...h3Responses(
      "encodeHead() and encodeTrailers() leave out connection, in any case (RFC 9114 §4.2)",
    ),
    ...misbehaving("ASGI application over HTTP/3 that throws an Error before the start"),
  ], "No connection field goes out over HTTP/3, whoever sets it"),
  proved("29", "Upper-case and hop-by-hop fields go out raw over HTTP/3", [
    ...h3Responses(
      "encodeHead() makes names lower-case and leaves values alone (RFC 9114 §4.2)",
      "encodeHead() and encodeTrailers() leave out transfer-encoding, in any case (RFC 9114 §4.2)",
    ),
  ], "Names are lower-cased, connection-specific fields left out"),
  proved("29b", "Early hints and trailers break responses over HTTP/3", [
    ...overHttp3(
      "ASGI over HTTP/3 (streams): early hints arrive before the response is made, in order",
      "ASGI over HTTP/3 (streams): response trailers arrive after the content where the client takes them",
    ),
  ], "They work"),
  proved("30", "CONNECT over HTTP/1 that is answered with 2xx hangs", [
    ...overTcp("ASGI over HTTP/1.1 by raw socket: CONNECT is refused with 501"),
    ...h3Requests(
      "H3Request answers 501 to a request with method CONNECT, and says why in the log",
    ),
  ], "CONNECT is refused with 501"),
  proved("31", "CR, LF and NUL go out in fields (HTTP/2, HTTP/3)", [
    ...misbehaving(
      "ASGI application over HTTP/2 that sends a line break in a value as header",
      "ASGI application over HTTP/3 that sends a line break in a value as header",
      "ASGI application over HTTP/2 that sends NUL in a value as header",
      "ASGI application over HTTP/3 that sends NUL in a value as header",
    ),
  ], "They are an error in send(), and 500, on every version"),
  proved("32", "HTTP/2 connections without requests have no idle timeout", [
    ...testsOf("protocol/guarded_timers_test.ts")(
      "GuardedListener ends half a preface of HTTP/2",
      "GuardedListener counts the idle time of HTTP/2 from the last response of several",
    ),
  ], "keep_alive_timeout ends them on guarded listeners"),
  partly("32b", "GOAWAY of a client aborts its requests in progress", [
    ...testsOf("protocol/h3_connection_test.ts")(
      "An HTTP/3 connection serves on when the peer announces that it will leave",
    ),
    ...ours.http2("HTTP/2 is over when its client says GOAWAY, and others are served"),
  ], "Over HTTP/3 they finish; over HTTP/2 Deno ends the connection"),
  proved("33", "Two date and server fields when the application sets its own", [
    ...overTcp(
      "ASGI over HTTP/1.1 by raw socket: the application's own server and date fields win",
      "ASGI over HTTP/2 over TLS by fetch: the application's own server and date fields win",
    ),
    ...overHttp3("ASGI over HTTP/3 (streams): the application's own server and date fields win"),
  ], "The application's win"),
  proved("34", "A wrong content-length goes unnoticed (HTTP/2, HTTP/3)", [
    ...misbehaving(
      "ASGI application over HTTP/2 that sends less than its content-length",
      "ASGI application over HTTP/3 that sends less than its content-length",
      "ASGI application over HTTP/2 that streams more than its content-length",
      "ASGI application over HTTP/3 that streams more than its content-length",
    ),
  ], "It is an error of the application, before bytes go out where that can be"),
];

/** Logs, middleware, configuration and the rest. */
const OPERATION: readonly Entry[] = [
  proved("35", "A WebSocket that fails with 500 is logged twice", [
    ...ours.operation("a WebSocket leaves one access line, whether it is accepted or fails"),
    ...ours.webSocket(
      "an ASGI application that returns before the accept is answered for with 500, and logged once",
    ),
  ], "Once"),
  proved("36", "Two access lines when a client leaves and the response completes", [
    ...ours.operation(
      "a client that leaves before a response that completes later leaves one access line",
    ),
    ...testsOf("protocol/h3_observe_test.ts")(
      "the HTTP/3 driver ends every observation and connection once, whatever clients do",
    ),
  ], "One, without a status"),
  proved("37", "Dispatcher: WebSockets without a mount, mounts that fail, a shared scope", [
    ...dispatcher(
      "dispatcher() gives WebSockets to the same mounts, and denies others with 404",
      "dispatcher() stops what had started when one fails, and fails with its words",
      "dispatcher() starts all in order, each with its own state, and stops them in reverse",
    ),
  ], "404, the failure itself, and a state for each"),
  proved("38", "IPv6 clients of HTTP/3 are a 4-tuple; clients of Unix sockets are None in logs", [
    ...atoms('atom h on a Unix socket is "unix:"', 'atom h over IPv6 is "[::1]:7"'),
    ...overHttp3("ASGI over HTTP/3 (streams): IPv6 addresses have no brackets"),
  ], "Host and port, on every version"),
  proved("39", "HTTP/3 ignores client certificates and the password of the key", [
    ...options(
      'Config refuses wrong values of "verifyMode", naming key, expected and received',
      'Config refuses wrong values of "caCerts", naming key, expected and received',
    ),
    ...http3("HTTP/3 uses an encrypted key with its password"),
  ], "Client certificates are refused as an option, since Deno asks for none; the password acts"),
  proved("40", "Half a certificate serves plain text; binds without TLS are ignored", [
    ...resolves(
      "resolveConfig() refuses certfile alone",
      "resolveConfig() refuses keyfile alone",
      "resolveConfig() refuses insecureBind without TLS",
      "resolveConfig() refuses quicBind without TLS",
    ),
  ], "They are errors"),
  proved("41", "Responses over HTTP/3 have no back-pressure", [
    ...h3Exchanges(
      "H3Exchange.write() waits for a client that does not read, and holds little meanwhile",
    ),
    ...overHttp3(
      "ASGI over HTTP/3 (streams): a client that does not read stops the producer, and goes on",
    ),
  ], "send() waits"),
  proved("42", "[::1] without a port does not work, a bad port is explained badly", [
    ...binds(
      'parseBind() reads "[::1]" as ::1 and port 8000',
      'parseBind() reads "::1" as ::1 and port 8000',
      "parseBind() refuses a port that is a word with a hint",
    ),
  ], "Both are read; what cannot be is refused with a hint"),
  proved("43", "Prefixes match within a segment; root_path twice in redirects; no wss", [
    ...dispatcher('dispatcher() of ["/api"] answers 404 to /apix, unlike Hypercorn'),
    ...redirect(
      "redirectToHttps() answers 307 https://h/r/x for a path below root_path, unlike Hypercorn",
    ),
    ...proxyFix(
      "proxyFix() makes wss of a WebSocket that came over https",
      "proxyFix() keeps the TLS session, and passes the content on",
    ),
    ...testsOf("middleware/exchange_wrapper_test.ts")(
      "ExchangeWrapper looks at nothing that a driver makes on demand",
    ),
    ...targets('splitTarget() finds "/prefix" outside "/pre"'),
    ...wsgi("wsgiHandler() answers 404 outside root_path and splits the path inside"),
  ], "By segments, once, and ws follows; ProxyFix copies nothing that it does not change"),
  proved("44", "WSGI: SERVER_PORT, cookies, write(), exc_info, wsgi.errors, multiprocess", [
    ...environ(
      "buildEnviron() fills in every variable of PEP 3333",
      "buildEnviron() takes over cookies with a semicolon",
    ),
    ...wsgiHeads(
      "write() sends its data before an array",
      "startResponse() with excInfo throws it once content was sent",
    ),
    ...wsgi("wsgiHandler() sends wsgi.errors to logError, an incomplete line at the end"),
  ], "As PEP 3333 has them"),
  proved("45", "Too much content of a WSGI request is 400", [
    ...wsgi(
      "wsgiHandler() answers 413 to streamed content beyond the limit, not running the application",
    ),
  ], "413"),
  proved("46", "Unknown options are accepted, numbers not checked, defaults shared", [
    ...config(
      'Config refuses the unknown name "keep_alive_timout" and suggests "keep_alive_timeout"',
      "new Config() shares no list with another Config, its init or the defaults",
    ),
    ...options('Config refuses wrong values of "backlog", naming key, expected and received'),
  ], "Errors that name the option, what was expected and what was received"),
  proved(
    "47",
    "--umask is decimal, times are whole numbers",
    [
      ...flags(
        "parseArguments() reads --umask 0o022 as umask",
        "parseArguments() reads --umask 022 as umask",
        "parseArguments() warns about -m 22",
        "parseArguments() reads --graceful-timeout 1.5 as gracefulTimeout",
      ),
    ],
    "Octal after a 0 or 0o, a warning where decimal looks octal; times may have a fraction",
  ),
  proved("48", "Extended CONNECT is a WebSocket whatever :protocol says", [
    ...h3Requests(
      "H3Request answers 501 to a request with a :protocol that is not known, and says why in the log",
      "H3Request answers 501 to a request with method CONNECT, and says why in the log",
    ),
    ...sockets("upgradeWebSocket() answers 426 over HTTP/2, which has no upgrade"),
  ], "Over HTTP/3 501 for another one than websocket; over HTTP/2 it is not offered"),
  proved("49", "Reload: a syntax error ends the server, few files count, all restart at once", [
    ...testsOf("workers/processes_test.ts")(
      "--reload serves each good version, and the last good one while there is a bad one",
      "SIGHUP reads the configuration anew, and a bad one changes nothing",
    ),
    ...testsOf("workers/watch_test.ts")(
      "findTargets() finds folder, imports from elsewhere, configuration and reload paths",
    ),
    ...supervisor(
      "Supervisor reloads one worker after another, each new one ready before the old one stops",
    ),
  ], "The last good version serves on; workers are replaced one after another"),
  notApplicable("50", "Server push counts twice", "There is no server push"),
  proved("51", "The limit of WebSocket text counts characters", [
    ...overWebSocket(
      "WebSocket, ASGI: measures messages in bytes of UTF-8 and takes one of exactly the limit",
    ),
  ], "Bytes"),
  notApplicable("52", "The HTTP/2 writer stops and goes", "Deno writes HTTP/2"),
  proved("53", "Signal handlers stay after serve()", [
    ...ours.serve("serve() without a trigger stops at SIGINT, and listens to nothing afterwards"),
  ], "They are removed"),
  proved("54", "A failed bind never runs lifespan.shutdown", [
    ...listens(
      "start() explains an address in use, closes what it had opened, and stops the application",
    ),
    ...testsOf("server/tls_test.ts")(
      "start() refuses a certificate that is not there before the application starts",
    ),
  ], "It runs; certificates are read before the application starts"),
  partly("55", "TLS options lose their hardening; umask stays changed when a bind fails", [
    ...ours.serve("umask is as it was when a Unix socket cannot be bound"),
  ], "The TLS options are Deno's: none of Python's are here"),
  proved("56", "The key of a WebSocket handshake is not checked, no 426", [
    ...handshakes(
      "checkHandshake() answers 400 to a key of 15 bytes",
      "checkHandshake() answers 400 to a key that is not base64",
      "checkHandshake() answers 426 to version 12",
    ),
  ], "400 for the key; 426 with sec-websocket-version for the version"),
  proved("57", "Any HTTP/x.y is taken for HTTP/1", [
    ...ours.http1(
      "a request of HTTP/2.5 is answered with 400 and closed, and the application not asked",
      "a request of HTTP/1.2 is answered with 400 and closed, and the application not asked",
    ),
  ], "Only 1.0 and 1.1 are"),
  partly("58", "content-length beside transfer-encoding; no 408; no limit of a whole head", [
    ...ours.http1(
      "a request with content-length and transfer-encoding is answered with 400 and closed, and the application not asked",
      "a request head without end … ends with its connection, and others are served",
    ),
  ], "408 is not sent: the connection is closed without a response"),
  notApplicable("59", "Documentation that is out of date", "It is Hypercorn's"),
  partly("60", "Access log: no user, no HTTP/, b is a field, two times in a line", [
    ...atoms(
      'atom u by Basic is "jane"',
      'atom b of several pieces is "7"',
    ),
    ...testsOf("server/log_test.ts")(
      "openAccessLog() writes the default format to a sink, without prefix",
    ),
  ], "u and b say what they should; template and prefix stay Hypercorn's, for what reads its logs"),
  proved("61", "websocket.disconnect has no reason, send() never throws", [
    ...overWebSocket("WebSocket, ASGI: carries close code 1000 both ways"),
    ...asgiSockets("asgiWebSocket() ignores messages to a client that left, and then throws"),
    ...asgi("asgiHttp() ignores messages to a client that left, then tells the application"),
  ], "It has; it does in the end"),
  proved("62", "alt-svc goes out in plain text and over HTTP/3", [
    ...http3("alt-svc over HTTP/1 names the UDP ports, over TLS only"),
    ...testsOf("protocol/response_fields_test.ts")(
      "responseFields() leads to HTTP/3 from the other versions, until the server drains",
    ),
  ], "Over TLS only, and not over HTTP/3"),
];

/** The ledger. */
export const FLAWS: readonly Entry[] = [...LIFE, ...FORMS, ...PROTOCOLS, ...OPERATION];
