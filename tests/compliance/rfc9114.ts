/**
 * RFC 9114 (HTTP/3): every MUST and MUST NOT that concerns a server, section by section.
 *
 * Left out are sentences about clients alone, and those about IANA.
 *
 * @module
 */

import type { Proof, Requirement } from "./ledger.ts";

const CONTROL = "tests/h3/control_stream_test.ts";
const UNIDIRECTIONAL = "tests/h3/unidirectional_test.ts";
const FRAMES = "tests/h3/frames_test.ts";
const SETTINGS = "tests/h3/settings_test.ts";
const CONNECTION = "tests/h3/connection_test.ts";
const HEAD = "tests/h3/request_head_test.ts";
const REFUSED_HEAD = "tests/h3/request_head_refused_test.ts";
const TRAILERS = "tests/h3/trailers_test.ts";
const STREAM = "tests/h3/request_stream_test.ts";
const REQUEST_FRAMES = "tests/h3/request_frames_test.ts";
const SECTIONS = "tests/h3/request_sections_test.ts";
const RESPONSE = "tests/h3/response_test.ts";
const DRIVER = "tests/protocol/h3_connection_test.ts";
const CONTRACT = "tests/contract/http3_test.ts";
const QUIC = "tests/quic/listener_test.ts";

const NO_PUSH: Proof = { notApplicable: "This server never pushes" };
const NO_PROXY: Proof = {
  notApplicable: "This server is an origin server; CONNECT opens no tunnel",
};
const NO_INTERMEDIARY: Proof = { notApplicable: "This server forwards no messages" };
const NO_RESET: Proof = {
  notPossible:
    "Deno can neither send RESET_STREAM nor choose the code of STOP_SENDING: an error of one stream is " +
    "answered with its status (400, 431), or closes the connection with its code where no answer can be sent",
};
const ONLY_CONTROL_FRAMES: Proof = {
  file: CONNECTION,
  test:
    "H3Connection sends no frame on its control stream but SETTINGS, a reserved one and GOAWAY (RFC 9114 §7.2)",
};
const CONTROL_BEGINS: Proof = {
  file: CONNECTION,
  test:
    "H3Connection begins its three streams with their types, and SETTINGS first (RFC 9114 §6.2.1)",
};
const EARLY_DATA: Proof = {
  notPossible:
    "Deno's TLS accepts early data and cannot be told not to; no stream is read before the handshake is " +
    "done, so that nothing is acted upon that could be a replay",
};

/** The ledger. */
export const REQUIREMENTS: readonly Requirement[] = [
  // 3. Connection setup
  must("3.2", "SETTINGS is the first frame of our control stream", CONTROL_BEGINS),

  // 4.1 Framing of messages
  must("4.1", "Several requests on one stream are malformed", {
    file: TRAILERS,
    test: "readTrailers() refuses a pseudo-header field of requests (RFC 9114 §4.3)",
  }),
  must(
    "4.1",
    "DATA before HEADERS is H3_FRAME_UNEXPECTED",
    requestFrames(
      "RequestStream refuses DATA before HEADERS (RFC 9114 §4.1) with H3_FRAME_UNEXPECTED",
    ),
  ),
  must(
    "4.1",
    "DATA after trailers is H3_FRAME_UNEXPECTED",
    requestFrames(
      "RequestStream refuses DATA after trailers (RFC 9114 §4.1) with H3_FRAME_UNEXPECTED",
    ),
  ),
  must(
    "4.1",
    "HEADERS after trailers is H3_FRAME_UNEXPECTED",
    requestFrames(
      "RequestStream refuses a second trailer section (RFC 9114 §4.1) with H3_FRAME_UNEXPECTED",
    ),
  ),
  mustNot(
    "4.1",
    "Transfer-Encoding is not sent",
    response(
      "encodeHead() and encodeTrailers() leave out transfer-encoding, in any case (RFC 9114 §4.2)",
    ),
  ),
  must("4.1", "The stream is closed for sending after the final response", {
    file: CONTRACT,
    test:
      "fetch exchange over HTTP/3 (streams): streamed content has no content-length and arrives whole",
  }),

  // 4.1.1 Cancellation
  mustNot("4.1.1", "H3_REQUEST_REJECTED is not used for requests that were processed", NO_RESET),

  // 4.1.2 Malformed messages
  must(
    "4.1.2",
    "Content beyond content-length makes a request malformed",
    stream(
      "RequestStream refuses content beyond content-length before passing it on (RFC 9114 §4.1.2)",
    ),
  ),
  must(
    "4.1.2",
    "Content short of content-length makes a request malformed",
    stream(
      "RequestStream refuses content that ends with FIN short of content-length (RFC 9114 §4.1.2)",
    ),
  ),
  mustNot("4.1.2", "Malformed messages are not forwarded", NO_INTERMEDIARY),
  must(
    "4.1.2",
    "A malformed request is an error of its stream, H3_MESSAGE_ERROR",
    sections(
      "RequestStream refuses a malformed head for the stream only",
    ),
  ),
  must(
    "4.1.2",
    "Malformed trailers are an error of their stream, H3_MESSAGE_ERROR",
    sections(
      "RequestStream refuses malformed trailers for the stream only",
    ),
  ),
  must("4.1.2", "The client sees H3_MESSAGE_ERROR on the stream of a malformed request", NO_RESET),

  // 4.2 Fields
  must(
    "4.2",
    "Field names are sent in lower case",
    response(
      "encodeHead() makes names lower-case and leaves values alone (RFC 9114 §4.2)",
    ),
  ),
  must(
    "4.2",
    "A field name with upper-case letters makes a request malformed",
    refusedHead(
      'the field name "Accept" (RFC 9114 §4.2)',
    ),
  ),
  must("4.2", "So it does among trailers", trailers("refuses an upper-case name (RFC 9114 §4.2)")),
  ...["connection", "keep-alive", "proxy-connection", "upgrade"].map((name) =>
    mustNot(
      "4.2",
      `The connection-specific field ${name} is not sent`,
      response(
        `encodeHead() and encodeTrailers() leave out ${name}, in any case (RFC 9114 §4.2)`,
      ),
    )
  ),
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map((name) =>
    must(
      "4.2",
      `The connection-specific field ${name} makes a request malformed`,
      refusedHead(
        `the connection-specific field ${name} (RFC 9114 §4.2)`,
      ),
    )
  ),
  must(
    "4.2",
    "A connection-specific field among trailers makes a request malformed",
    trailers(
      "refuses a connection-specific field (RFC 9114 §4.2)",
    ),
  ),
  mustNot(
    "4.2",
    "TE has no value but trailers",
    refusedHead(
      'te: "trailers, gzip" (RFC 9114 §4.2)',
    ),
  ),
  must("4.2", "An intermediary removes connection-specific fields", NO_INTERMEDIARY),

  // 4.2.1 Compression
  must(
    "4.2.1",
    'Cookie lines are joined with "; " for the application',
    head(
      "accepts cookie crumbs, joined where the first stood (RFC 9114 §4.2.1)",
    ),
  ),

  // 4.3 Pseudo-header fields
  mustNot(
    "4.3",
    "No pseudo-header field but :status is sent with a response",
    response(
      "encodeHead() is a HEADERS frame with :status first, then the fields in order (RFC 9114 §4.3.2)",
    ),
  ),
  mustNot(
    "4.3",
    "Pseudo-header fields of responses are not in requests",
    refusedHead(
      "a pseudo-header field of responses (RFC 9114 §4.3)",
    ),
  ),
  mustNot("4.3", "An application cannot make up a pseudo-header field", {
    file: "tests/protocol/h3_exchange_test.ts",
    test: "H3Exchange refuses a response field whose name begins with a colon",
  }),
  mustNot(
    "4.3",
    "Trailers that we send have no pseudo-header field",
    response(
      "encodeTrailers() is a HEADERS frame without :status (RFC 9114 §4.3)",
    ),
  ),
  mustNot(
    "4.3",
    "Trailers that we receive have no pseudo-header field",
    trailers(
      "refuses an unknown pseudo-header field (RFC 9114 §4.3)",
    ),
  ),
  must(
    "4.3",
    "An undefined pseudo-header field makes a request malformed",
    refusedHead(
      "an unknown pseudo-header field (RFC 9114 §4.3)",
    ),
  ),
  must(
    "4.3",
    "A pseudo-header field after another field makes a request malformed",
    refusedHead(
      "a pseudo-header field after another field (RFC 9114 §4.3)",
    ),
  ),

  // 4.3.1 Requests
  mustNot(
    "4.3.1",
    ":authority has no user information",
    refusedHead(
      "user information in :authority (RFC 9114 §4.3.1)",
    ),
  ),
  must("4.3.1", "An intermediary that converts to HTTP/1.1 makes a Host field", NO_INTERMEDIARY),
  mustNot("4.3.1", ":path is not empty", refusedHead("an empty :path (RFC 9114 §4.3.1)")),
  must(
    "4.3.1",
    ":path begins with a slash",
    refusedHead(
      "a :path without a slash (RFC 9114 §4.3.1)",
    ),
  ),
  must(
    "4.3.1",
    "OPTIONS for the server has the :path *",
    head(
      "accepts OPTIONS * (RFC 9114 §4.3.1)",
    ),
  ),
  ...[":method", ":scheme", ":path"].flatMap((name) => [
    must(
      "4.3.1",
      `A request has ${name}`,
      refusedHead(`a request without ${name} (RFC 9114 §4.3.1)`),
    ),
    must(
      "4.3.1",
      `A request has only one ${name}`,
      refusedHead(`a second ${name} (RFC 9114 §4.3.1)`),
    ),
  ]),
  must(
    "4.3.1",
    "A request has :authority or Host",
    refusedHead(
      "a request with neither :authority nor host (RFC 9114 §4.3.1)",
    ),
  ),
  mustNot(
    "4.3.1",
    ":authority is not empty",
    refusedHead(
      "an empty :authority (RFC 9114 §4.3.1)",
    ),
  ),
  mustNot(
    "4.3.1",
    "Host is not empty",
    refusedHead(
      "an empty host without :authority (RFC 9114 §4.3.1)",
    ),
  ),
  must(
    "4.3.1",
    ":authority and Host are the same",
    refusedHead(
      "a host other than :authority (RFC 9114 §4.3.1)",
    ),
  ),
  mustNot("4.3.1", "A scheme that has no authority comes with none", {
    notApplicable: "Only http and https are served, and both have one",
  }),

  // 4.3.2 Responses
  must(
    "4.3.2",
    ":status is in every response",
    response(
      "encodeHead() is a HEADERS frame with :status first, then the fields in order (RFC 9114 §4.3.2)",
    ),
  ),

  // 4.4 CONNECT
  must("4.4", "CONNECT has no :scheme", refusedHead("CONNECT with :scheme (RFC 9114 §4.4)")),
  must("4.4", "CONNECT has no :path", refusedHead("CONNECT with :path (RFC 9114 §4.4)")),
  must("4.4", "CONNECT has :authority", refusedHead("CONNECT without :authority (RFC 9114 §4.4)")),
  must(
    "4.4",
    ":authority of CONNECT is host and port",
    refusedHead(
      'CONNECT to "a.test" (RFC 9110 §9.3.6)',
    ),
  ),
  must(
    "4.4",
    "HEADERS after CONNECT is H3_FRAME_UNEXPECTED",
    requestFrames(
      "RequestStream refuses trailers after a CONNECT (RFC 9114 §4.4) with H3_FRAME_UNEXPECTED",
    ),
  ),
  must(
    "4.4",
    "Any other known frame after CONNECT is H3_FRAME_UNEXPECTED",
    requestFrames(
      "RequestStream refuses SETTINGS after CONNECT with H3_FRAME_UNEXPECTED (RFC 9114 §7.2)",
    ),
  ),
  must("4.4", "A proxy closes its TCP connection with the stream", NO_PROXY),

  // 4.6 Push
  must("4.6", "Promises of one push have the same fields", NO_PUSH),
  must("4.6", "A promise has an :authority that the server is authoritative for", NO_PUSH),

  // 5.2 Shutdown
  mustNot("5.2", "No push is promised after GOAWAY came", NO_PUSH),
  mustNot("5.2", "The ids of our GOAWAY frames do not grow", {
    file: CONNECTION,
    test: "H3Connection says goodbye in two steps, never with a larger id (RFC 9114 §5.2)",
  }),
  must(
    "5.2",
    "A GOAWAY id that grows is H3_ID_ERROR",
    control(
      "refuses a GOAWAY id that grows with H3_ID_ERROR",
    ),
  ),

  // 6.2 Unidirectional streams
  must("6.2", "The client may open three unidirectional streams at least", {
    file: QUIC,
    test: "QUIC listener: a client may open as many streams as configured",
  }),
  must(
    "6.2",
    "A stream of unknown type is discarded",
    unidirectional(
      "discards a stream of unknown type: no event, no error, may end in any way (RFC 9114 §6.2)",
    ),
  ),
  must("6.2", "Reading of a stream of unknown type ends", {
    file: DRIVER,
    test: "An HTTP/3 connection stops reading a unidirectional stream of an unknown type",
  }),
  mustNot(
    "6.2",
    "A stream of unknown type is no connection error",
    unidirectional(
      "discards a stream of unknown type: no event, no error, may end in any way (RFC 9114 §6.2)",
    ),
  ),
  mustNot("6.2", "No stream is opened that the client may not know", CONTROL_BEGINS),
  must(
    "6.2",
    "A stream may end before its type is complete",
    unidirectional(
      "tolerates a stream that ends or is reset before its type is complete (RFC 9114 §6.2)",
    ),
  ),

  // 6.2.1 Control streams
  must("6.2.1", "We open one control stream that begins with SETTINGS", {
    file: DRIVER,
    test:
      "An HTTP/3 connection opens control, encoder and decoder stream, and sends SETTINGS first",
  }),
  ...["GOAWAY", "MAX_PUSH_ID", "CANCEL_PUSH", "PRIORITY_UPDATE", "HEADERS", "DATA", "GREASE"].map(
    (name) =>
      must(
        "6.2.1",
        `${name} before SETTINGS is H3_MISSING_SETTINGS`,
        control(
          `refuses ${name} before SETTINGS with H3_MISSING_SETTINGS`,
        ),
      ),
  ),
  must(
    "6.2.1",
    "A second control stream is H3_STREAM_CREATION_ERROR",
    unidirectional(
      "refuses a second control stream with H3_STREAM_CREATION_ERROR",
    ),
  ),
  must(
    "6.2.1",
    "FIN on the client's control stream is H3_CLOSED_CRITICAL_STREAM",
    unidirectional(
      "refuses FIN on the control stream with H3_CLOSED_CRITICAL_STREAM",
    ),
  ),
  must(
    "6.2.1",
    "A reset of the client's control stream is H3_CLOSED_CRITICAL_STREAM",
    unidirectional(
      "refuses a reset of the control stream with H3_CLOSED_CRITICAL_STREAM",
    ),
  ),
  mustNot("6.2.1", "We do not close our control stream", {
    file: "tests/protocol/h3_shutdown_test.ts",
    test: "An HTTP/3 connection never ends its critical streams, also when it stops",
  }),
  must("6.2.1", "STOP_SENDING for our control stream is H3_CLOSED_CRITICAL_STREAM", {
    file: DRIVER,
    test:
      "An HTTP/3 connection is closed with H3_CLOSED_CRITICAL_STREAM for a peer that stops our control stream",
  }),
  mustNot(
    "6.2.1",
    "The client is not asked to close its control stream",
    unidirectional(
      "keeps the control stream",
    ),
  ),

  // 6.2.2 Push streams
  must(
    "6.2.2",
    "A push stream of a client is H3_STREAM_CREATION_ERROR",
    unidirectional(
      "refuses a push stream of a client with H3_STREAM_CREATION_ERROR (RFC 9114 §6.2.2)",
    ),
  ),
  must("6.2.2", "A push id is used once", NO_PUSH),

  // 6.2.3 Reserved stream types
  mustNot(
    "6.2.3",
    "A stream of a reserved type means nothing",
    unidirectional(
      "discards a stream of GREASE type: no event, no error, may end in any way (RFC 9114 §6.2)",
    ),
  ),

  // 7.1 Frame layout
  must(
    "7.1",
    "A payload with more than its fields is H3_FRAME_ERROR",
    control(
      "refuses GOAWAY with more than an id with H3_FRAME_ERROR",
    ),
  ),
  must(
    "7.1",
    "So it is in MAX_PUSH_ID",
    control(
      "refuses MAX_PUSH_ID with more than an id with H3_FRAME_ERROR",
    ),
  ),
  must(
    "7.1",
    "A payload that ends before its fields is H3_FRAME_ERROR",
    control(
      "refuses GOAWAY without an id with H3_FRAME_ERROR",
    ),
  ),
  must(
    "7.1",
    "So it is in MAX_PUSH_ID without an id",
    control(
      "refuses MAX_PUSH_ID without an id with H3_FRAME_ERROR",
    ),
  ),
  must(
    "7.1",
    "So it is in CANCEL_PUSH without an id",
    control(
      "refuses CANCEL_PUSH without an id with H3_FRAME_ERROR",
    ),
  ),
  must("7.1", "So it is in SETTINGS, at any byte", {
    file: SETTINGS,
    test:
      "decodeSettings() refuses a payload that ends inside a setting with H3_FRAME_ERROR (RFC 9114 §7.1)",
  }),
  must(
    "7.1",
    "FIN inside a frame is H3_FRAME_ERROR",
    requestFrames(
      "RequestStream refuses FIN at every point inside a frame with H3_FRAME_ERROR (RFC 9114 §7.1)",
    ),
  ),

  // 7.2.1, 7.2.2 DATA and HEADERS
  must(
    "7.2.1",
    "DATA on a control stream is H3_FRAME_UNEXPECTED",
    control(
      "refuses DATA with H3_FRAME_UNEXPECTED",
    ),
  ),
  must(
    "7.2.2",
    "HEADERS on a control stream is H3_FRAME_UNEXPECTED",
    control(
      "refuses HEADERS with H3_FRAME_UNEXPECTED",
    ),
  ),

  // 7.2.3 CANCEL_PUSH
  ...elsewhere("7.2.3", "CANCEL_PUSH"),
  must(
    "7.2.3",
    "CANCEL_PUSH beyond MAX_PUSH_ID is H3_ID_ERROR",
    control(
      "refuses CANCEL_PUSH beyond MAX_PUSH_ID with H3_ID_ERROR",
    ),
  ),
  must(
    "7.2.3",
    "CANCEL_PUSH of what was not promised is H3_ID_ERROR",
    control(
      "refuses CANCEL_PUSH of a push that was not promised with H3_ID_ERROR",
    ),
  ),

  // 7.2.4 SETTINGS
  must("7.2.4", "SETTINGS is the first frame of our control stream", CONTROL_BEGINS),
  mustNot("7.2.4", "SETTINGS is not sent again", ONLY_CONTROL_FRAMES),
  must(
    "7.2.4",
    "A second SETTINGS is H3_FRAME_UNEXPECTED",
    control(
      "refuses a second SETTINGS with H3_FRAME_UNEXPECTED",
    ),
  ),
  ...elsewhere("7.2.4", "SETTINGS"),
  mustNot("7.2.4", "Our SETTINGS repeat no setting", CONTROL_BEGINS),
  must(
    "7.2.4",
    "Unknown settings are ignored",
    settings(
      "decodeSettings() reads unknown and GREASE settings among known ones",
    ),
  ),
  mustNot(
    "7.2.4.1",
    "Reserved settings mean nothing",
    settings(
      "decodeSettings() reads unknown and GREASE settings among known ones",
    ),
  ),
  mustNot("7.2.4.1", "Settings of HTTP/2 are not sent", CONTROL_BEGINS),
  ...[
    "setting 0x00, which is reserved",
    "ENABLE_PUSH of HTTP/2",
    "MAX_CONCURRENT_STREAMS of HTTP/2",
    "INITIAL_WINDOW_SIZE of HTTP/2",
    "MAX_FRAME_SIZE of HTTP/2",
  ].map((name) =>
    must(
      "7.2.4.1",
      `H3_SETTINGS_ERROR is the answer to ${name}`,
      settings(
        `decodeSettings() refuses ${name} with H3_SETTINGS_ERROR`,
      ),
    )
  ),
  mustNot("7.2.4.2", "Nothing is sent that the client's settings do not allow", {
    file: CONNECTION,
    test: "H3Connection uses the dynamic table only after the client allowed it (RFC 9204 §3.2.3)",
  }),
  mustNot("7.2.4.2", "SETTINGS does not wait for data of the client", {
    file: DRIVER,
    test:
      "An HTTP/3 connection opens control, encoder and decoder stream, and sends SETTINGS first",
  }),
  mustNot("7.2.4.2", "Early data is not accepted with incompatible settings", EARLY_DATA),
  mustNot("7.2.4.2", "Settings do not reduce what early data relied on", EARLY_DATA),
  must("7.2.4.2", "All settings that differ from their defaults are sent", CONTROL_BEGINS),

  // 7.2.5 PUSH_PROMISE
  mustNot("7.2.5", "No push id is larger than MAX_PUSH_ID", NO_PUSH),
  must("7.2.5", "Promises of one push have the same fields", NO_PUSH),
  ...elsewhere("7.2.5", "PUSH_PROMISE"),
  must(
    "7.2.5",
    "PUSH_PROMISE on a control stream is H3_FRAME_UNEXPECTED",
    control(
      "refuses PUSH_PROMISE with H3_FRAME_UNEXPECTED",
    ),
  ),

  // 7.2.7 MAX_PUSH_ID
  ...elsewhere("7.2.7", "MAX_PUSH_ID"),
  mustNot("7.2.7", "MAX_PUSH_ID is not sent", ONLY_CONTROL_FRAMES),
  must(
    "7.2.7",
    "A MAX_PUSH_ID that shrinks is H3_ID_ERROR",
    control(
      "refuses a MAX_PUSH_ID that shrinks with H3_ID_ERROR",
    ),
  ),

  // 7.2.8 Reserved frame types
  mustNot(
    "7.2.8",
    "Reserved frames mean nothing on a control stream",
    control(
      "accepts unknown frames after SETTINGS, of any size",
    ),
  ),
  mustNot(
    "7.2.8",
    "Reserved frames mean nothing on a request stream",
    stream(
      "RequestStream accepts unknown frames anywhere (RFC 9114 §9); whole, byte by byte and cut at every point",
    ),
  ),
  mustNot("7.2.8", "Frame types of HTTP/2 are not sent", ONLY_CONTROL_FRAMES),
  ...["PRIORITY", "PING", "WINDOW_UPDATE", "CONTINUATION"].map((name) =>
    must(
      "7.2.8",
      `${name} of HTTP/2 on a control stream is H3_FRAME_UNEXPECTED`,
      control(
        `refuses ${name} of HTTP/2 with H3_FRAME_UNEXPECTED`,
      ),
    )
  ),
  ...["0x2", "0x6", "0x8", "0x9"].map((type) =>
    must(
      "7.2.8",
      `Frame type ${type} of HTTP/2 on a request stream is H3_FRAME_UNEXPECTED`,
      requestFrames(
        `RequestStream refuses frame type ${type} of HTTP/2 with H3_FRAME_UNEXPECTED (RFC 9114 §7.2.8)`,
      ),
    )
  ),

  // 8. Errors
  must("8", "An unknown error code is taken for H3_NO_ERROR", {
    file: CONNECTION,
    test: "H3Connection makes nothing of the code of a reset, known or not (RFC 9114 §8)",
  }),

  // 9. Extensions
  must(
    "9",
    "Unknown frames are ignored",
    stream(
      "RequestStream accepts unknown frames anywhere (RFC 9114 §9); whole, byte by byte and cut at every point",
    ),
  ),
  must(
    "9",
    "Unknown stream types are ignored",
    unidirectional(
      "discards a stream of unknown type: no event, no error, may end in any way (RFC 9114 §6.2)",
    ),
  ),
  must("9", "Extensions that change what exists are negotiated", {
    file: CONNECTION,
    test: "H3Connection offers extended CONNECT and datagrams only when they are enabled",
  }),

  // 10. Security
  ...['"x-Ä"', '"a b"', '"a\\u0000"', '"a\\r\\nb"', '""'].map((name) =>
    must(
      "10.3",
      `The field name ${name} makes a request malformed`,
      refusedHead(
        `the field name ${name} (RFC 9114 §4.2)`,
      ),
    )
  ),
  ...['"a\\rb"', '"a\\nb"', '"a\\u0000b"'].map((value) =>
    must(
      "10.3",
      `The field value ${value} makes a request malformed`,
      refusedHead(
        `the field value ${value} (RFC 9114 §10.3)`,
      ),
    )
  ),
  must(
    "10.3",
    "So it does among trailers",
    trailers(
      "refuses a value with a line break (RFC 9114 §10.3)",
    ),
  ),
  must("10.4", "Tenants push nothing they have no authority over", NO_PUSH),
  mustNot("10.6", "Secrets and an attacker's data are not compressed together", {
    notApplicable:
      "Content is never compressed here; field sections are the matter of RFC 9204 §7.1",
  }),
  must("10.8", "The length of a frame is that of its fields", {
    file: FRAMES,
    test: 'decodeIdPayload() refuses with H3_FRAME_ERROR the payload "0000" (RFC 9114 §7.1)',
  }),
  must("10.9", "Early data is guarded against replay (RFC 8470)", EARLY_DATA),
];

function must(section: string, text: string, proof: Proof): Requirement {
  return { section, text, level: "MUST", proof };
}

function mustNot(section: string, text: string, proof: Proof): Requirement {
  return { section, text, level: "MUST NOT", proof };
}

/** A frame that belongs on control streams, or nowhere, on a request stream. */
function elsewhere(section: string, name: string): Requirement[] {
  return ["before HEADERS", "after HEADERS", "after trailers"].map((state) =>
    must(section, `${name} ${state} on a request stream is H3_FRAME_UNEXPECTED`, {
      file: REQUEST_FRAMES,
      test: `RequestStream refuses ${name} ${state} with H3_FRAME_UNEXPECTED (RFC 9114 §7.2)`,
    })
  );
}

function control(what: string): Proof {
  return { file: CONTROL, test: `ControlStream ${what}` };
}

function unidirectional(what: string): Proof {
  return { file: UNIDIRECTIONAL, test: `UnidirectionalStream ${what}` };
}

function settings(test: string): Proof {
  return { file: SETTINGS, test };
}

function head(what: string): Proof {
  return { file: HEAD, test: `readRequestHead() ${what}` };
}

function refusedHead(what: string): Proof {
  return { file: REFUSED_HEAD, test: `readRequestHead() refuses ${what}` };
}

function trailers(what: string): Proof {
  return { file: TRAILERS, test: `readTrailers() ${what}` };
}

function stream(test: string): Proof {
  return { file: STREAM, test };
}

function requestFrames(test: string): Proof {
  return { file: REQUEST_FRAMES, test };
}

function sections(test: string): Proof {
  return { file: SECTIONS, test };
}

function response(test: string): Proof {
  return { file: RESPONSE, test };
}
