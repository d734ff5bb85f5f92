/**
 * Limits that are not configuration options, and defaults of some that are (each says so), each with its unit, reason
 * and precedent.
 *
 * @module
 */

/**
 * Messages an ASGI application may send after its client left before `send()` throws.
 *
 * Hypercorn ignores such messages for ever. In JavaScript an endless producer that awaits an ignored
 * `send()` would keep the process busy, so the first ones are ignored and then it is told.
 */
export const SENDS_AFTER_DISCONNECT = 100;

/**
 * Bytes of WebSocket messages that may wait for an application that does not receive.
 *
 * The runtime has no receive back-pressure; without this bound one fast client could fill the
 * memory. It is four messages of the default maximum size. Exceeding it closes with 1008.
 */
export const WEBSOCKET_RECEIVE_QUEUE_BYTES = 64 * 1024 * 1024;

/**
 * Bytes of WebSocket messages that are read over HTTP/3 before the application receives them. So a Close frame or a
 * ping behind a few messages is noticed; then the client has to wait, which is what the runtime's WebSockets cannot
 * make it do.
 */
export const WEBSOCKET_READ_AHEAD_BYTES = 64 * 1024;

/**
 * Bytes the runtime may have queued for a WebSocket before `send()` waits (Hypercorn waits for the socket to drain).
 */
export const WEBSOCKET_SEND_BUFFER_BYTES = 1024 * 1024;

/**
 * Messages the runtime may have queued for a WebSocket, however small they are: each costs it 1 KiB, so that a MiB of
 * messages of one byte would take a GiB. What comes after them waits with us, where it costs what it weighs.
 */
export const WEBSOCKET_SEND_BUFFER_MESSAGES = 1024;

/**
 * Bytes of messages that may wait for a WebSocket client that does not read, where the application does not wait
 * for it (`socket.send()` of fetch applications); the client is cut then. Four messages of the default maximum size;
 * uWebSockets takes 64 KiB, Bun 16 MiB, and `ws` for Node.js all that fits into the memory.
 */
export const WEBSOCKET_MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

/** Bytes that a message which waits for an application counts beyond its data, so that empty ones do not queue for ever. */
export const WEBSOCKET_QUEUE_OVERHEAD_BYTES = 256;

/** What a message that waits for such a client costs beyond its data, in bytes. */
export const WEBSOCKET_BACKLOG_OVERHEAD_BYTES = 64;

/** Milliseconds a peer has to answer our WebSocket Close frame before its connection is cut. */
export const WEBSOCKET_CLOSE_TIMEOUT_MS = 5_000;

/** Bytes a streamed response may hold before `write()` waits for the transport. */
export const RESPONSE_BUFFER_BYTES = 64 * 1024;

/**
 * Bytes of WSGI request content kept in memory; larger content goes to a temporary file.
 *
 * 512 KiB as in Waitress (`inbuf_overflow`): forms and API calls stay below it and touch no disk, while a
 * hundred uploads at once use some 50 MiB of memory whatever `wsgi_max_body_size` allows.
 */
export const WSGI_SPOOL_BYTES = 512 * 1024;

/**
 * Seconds of silence after which a QUIC connection is dropped, also while a response is awaited.
 *
 * 60 s as in Hypercorn (its QUIC library's default). `keep_alive_timeout` is something else: it counts only between
 * requests, and its 5 s would cut a handler that thinks for six.
 */
export const QUIC_IDLE_TIMEOUT_SECONDS = 60;

/** QUIC connections whose handshake is not done; more are refused. Each costs a TLS state and a timer. */
export const QUIC_MAX_HANDSHAKES = 1000;

/**
 * Seconds a QUIC handshake may take, also where `ssl_handshake_timeout` allows more; quic-go has 10. A datagram starts
 * one, from an address that may be somebody else's, so that the time tells how few of them keep new clients out.
 */
export const QUIC_HANDSHAKE_SECONDS = 10;

/**
 * QUIC connections of one listener, also where `max_connections` allows more; further ones are refused. An idle one
 * takes some 80 KB, four times what it takes on TCP, so that all take 320 MB.
 */
export const QUIC_MAX_CONNECTIONS = 4096;

/** QUIC connections one client of a listener may have: an eighth of all, see {@link TCP_MAX_CONNECTIONS_PER_CLIENT}. */
export const QUIC_MAX_CONNECTIONS_PER_CLIENT = 512;

/**
 * Milliseconds from the first byte of an HTTP/3 request stream to its whole head, instructions it waits for included.
 * Heads take one packet, at worst a few, so that the rest is for those that get lost; nginx has 60 s, Hypercorn no
 * limit.
 */
export const H3_HEAD_MS = 10_000;

/**
 * Milliseconds in which the rest of an HTTP/3 request has to come that was answered already; 30 s in nginx
 * (`lingering_time`).
 */
export const H3_DISCARD_MS = 10_000;

/**
 * Unidirectional streams an HTTP/3 client may have open. It needs three: control, QPACK encoder and decoder; the rest
 * is for extensions and for reserved types that it sends to be ignored (RFC 9114 §6.2.3).
 */
export const H3_MAX_UNIDIRECTIONAL_STREAMS = 10;

/**
 * Bytes of content nobody wants that are still read from an HTTP/3 request, so that small uploads end without an error
 * for the client; it is asked to stop a larger one.
 */
export const H3_MAX_DISCARDED_BYTES = 64 * 1024;

/** Bytes of each QPACK dynamic table, as in HTTP/2 (RFC 9204 §3.2.3): the fields of an ordinary client fit. */
export const QPACK_TABLE_BYTES = 4096;

/** Requests of a connection whose field section may wait for QPACK instructions that are late (RFC 9204 §2.1.2). */
export const QPACK_BLOCKED_STREAMS = 16;

/** Longest delay a timer of JavaScript can hold, some 24.8 days in milliseconds; a time-out beyond it is none. */
export const MAX_TIMER_DELAY_MS = 2 ** 31 - 1;

/**
 * Default of `max_connections`: TCP connections of one guarded listener; more are closed as they come. An idle one
 * takes some 20 KB here and as much in the kernel, so that all take 640 MB at worst; nginx and Caddy leave it to the
 * limit of file descriptors, which ends in accept errors for everybody instead.
 */
export const TCP_MAX_CONNECTIONS = 16_384;

/**
 * Default of `max_connections_per_client`: TCP connections one client of a guarded listener may have, an eighth of all,
 * so that it takes eight addresses to keep others out. Far more than browsers open (6 to a host), for a proxy or a
 * carrier's NAT is one client too. IPv6 clients are told apart by their /64, which is what one subscriber gets (RFC
 * 6177 §2).
 */
export const TCP_MAX_CONNECTIONS_PER_CLIENT = 2_048;

/**
 * Milliseconds for the first request head where `keep_alive_timeout` is 0, which is said of what comes after a
 * response.
 */
export const TCP_FIRST_REQUEST_MS = 5_000;

/**
 * Milliseconds in which a client has to take the next 64 KiB of a response before it is cut; 60 s as in nginx
 * (`send_timeout`). That is 9 kbit/s.
 */
export const RESPONSE_STALL_MS = 60_000;

/**
 * Milliseconds that a client may send nothing while the content of its request is read, unless `read_timeout` says
 * otherwise; 60 s as in nginx (`client_body_timeout`).
 */
export const REQUEST_STALL_MS = 60_000;

/**
 * Bytes of a request head that the runtime takes, for HTTP/1 and for HTTP/2; it answers larger ones with 400 and 431.
 */
export const RUNTIME_HEAD_BYTES = { http1: 65_536, http2: 16_384 } as const;

/**
 * Default of `h11_max_incomplete_size`, for which heads are left to the runtime: to count every one costs 3 % of a
 * small request, and what the runtime lets through is no danger to us.
 */
export const DEFAULT_HEAD_BYTES = 16_384;

/**
 * Bytes of static content, in characters for text, that are left to the runtime on one connection; it does not tell how
 * far it has got with them. What would exceed them is sent in pieces, so that a client that does not read can be told
 * from a slow one.
 */
export const UNWATCHED_CONTENT = 64 * 1024;

/** Milliseconds a listener waits after the system refused to accept a connection, e.g. for want of file descriptors. */
export const ACCEPT_RETRY_MS = 100;

/**
 * Milliseconds without a request after which an HTTP/2 connection that is to end is cut. Nobody has said so to the
 * client: after GOAWAY the runtime lets nothing cut the connection, so a client that ignores GOAWAY would have it for
 * ever.
 */
export const TCP_LEAVE_QUIET_MS = 1_000;

/**
 * Milliseconds between the last response on a connection and its cut where the client may still be sending content, or
 * the runtime does not tell when the response is with the system: a cut that is too early resets the connection, and
 * the client may lose the response (RFC 9112 §9.6). nginx waits for up to 5 s (`lingering_timeout`).
 */
export const TCP_LINGER_MS = 1_000;

/**
 * Milliseconds in which an HTTP/2 client that is to leave has to be quiet once; one that never is gets GOAWAY after
 * all.
 */
export const TCP_LEAVE_GRACE_MS = 10_000;

/**
 * Datagrams of a WebTransport session that may wait for the application; then the oldest is dropped, as QUIC stacks do.
 * Each has at most some 1,400 bytes, so that a session that nobody reads holds 360 KB.
 */
export const WEBTRANSPORT_DATAGRAM_QUEUE = 256;

/**
 * Streams, and as many datagrams, that may wait on one connection for a session whose handshake was not accepted yet:
 * they may overtake it (draft-ietf-webtrans-http3 §4.6). Further ones are refused. A stream may hold 1.25 MB.
 */
export const WEBTRANSPORT_MAX_EARLY = 16;

/**
 * Milliseconds that each of them waits. RFC 9297 §2.1 has a round trip or so in mind; a lost packet takes a few, and the
 * application may look something up before it accepts.
 */
export const WEBTRANSPORT_EARLY_MS = 5_000;

/** Milliseconds a client has to end its half of a session that we closed, before what is left of its streams is dropped. */
export const WEBTRANSPORT_CLOSE_TIMEOUT_MS = 5_000;

/**
 * Streams of a WebTransport session that are remembered after the client stopped them, so that what an application still
 * sends on them is ignored and no error. The oldest is forgotten first.
 */
export const WEBTRANSPORT_STOPPED_STREAMS = 256;
