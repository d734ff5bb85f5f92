/**
 * RFC 9218 (priorities): every MUST and MUST NOT that concerns an HTTP/3 server.
 *
 * @module
 */

import type { Proof, Requirement } from "./ledger.ts";

const PRIORITY = "tests/h3/priority_test.ts";
const CONTROL = "tests/h3/control_stream_test.ts";
const REQUEST_FRAMES = "tests/h3/request_frames_test.ts";
const CONNECTION = "tests/h3/connection_priority_test.ts";

const HTTP2: Proof = { notApplicable: "It is about HTTP/2, which is Deno's own" };

/** The ledger. */
export const REQUIREMENTS: readonly Requirement[] = [
  must("2.1", "SETTINGS_NO_RFC7540_PRIORITIES is 0 or 1, and obeyed", HTTP2),

  // 4. Parameters
  must("4", "Unknown parameters are ignored", ignored("x, u=1")),
  must(
    "4",
    "Unknown parameters of any type are ignored",
    ignored('x=(1 "a";p;q=?0   tok*/en ), u=1'),
  ),
  must("4", "An urgency above 7 is ignored", ignored("u=8, i")),
  must("4", "An urgency below 0 is ignored", ignored("u=-1, i")),
  must("4", "An urgency that is no integer is ignored", ignored("u=3.0, i")),
  must("4", "An urgency that is a string is ignored", ignored('u="1", i')),
  must("4", "An urgency without a value is ignored", ignored("u, i")),
  must("4", "An incremental that is no boolean is ignored", ignored("i=1, u=1")),

  // 7.1 PRIORITY_UPDATE of HTTP/2
  must("7.1", "PRIORITY_UPDATE frames of HTTP/2 are checked", HTTP2),

  // 7.2 PRIORITY_UPDATE of HTTP/3
  ...["PRIORITY_UPDATE_REQUEST", "PRIORITY_UPDATE_PUSH"].flatMap((name) =>
    ["before HEADERS", "after HEADERS", "after trailers", "after CONNECT"].map((state) =>
      must("7.2", `${name} ${state} on a request stream is H3_FRAME_UNEXPECTED`, {
        file: REQUEST_FRAMES,
        test: `RequestStream refuses ${name} ${state} with H3_FRAME_UNEXPECTED (RFC 9114 §7.2)`,
      })
    )
  ),
  ...[
    "a unidirectional stream of the client",
    "a bidirectional stream of the server",
    "a unidirectional stream of the server",
  ].map((what) => must("7.2", `PRIORITY_UPDATE for ${what} is H3_ID_ERROR`, refused(what))),
  must("7.2", "PRIORITY_UPDATE is for a stream within the limit", {
    file: CONNECTION,
    test:
      "PRIORITY_UPDATE may name as many streams as the client may open, and no more (RFC 9218 §7.2)",
  }),
  must("7.2", "PRIORITY_UPDATE for a push that was not promised is H3_ID_ERROR", {
    file: CONTROL,
    test: "ControlStream refuses PRIORITY_UPDATE for a push with H3_ID_ERROR",
  }),
  {
    section: "7.2",
    text: "PRIORITY_UPDATE is not sent",
    level: "MUST NOT",
    proof: {
      file: "tests/h3/connection_test.ts",
      test:
        "H3Connection sends no frame on its control stream but SETTINGS, a reserved one and GOAWAY (RFC 9114 §7.2)",
    },
  },
];

function must(section: string, text: string, proof: Proof): Requirement {
  return { section, text, level: "MUST", proof };
}

function ignored(value: string): Proof {
  return {
    file: PRIORITY,
    test: `parsePriority() ignores members of ${
      JSON.stringify(value)
    } that are unknown, out of range or of another type (RFC 9218 §4)`,
  };
}

function refused(what: string): Proof {
  return { file: PRIORITY, test: `decodePriorityUpdate() refuses ${what} (RFC 9218 §7.2)` };
}
