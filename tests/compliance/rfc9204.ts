/**
 * RFC 9204 (QPACK): every MUST and MUST NOT, of both the decoder and the encoder.
 *
 * @module
 */

import type { Proof, Requirement } from "./ledger.ts";

const DECODER = "tests/qpack/decoder_test.ts";
const ENCODER = "tests/qpack/encoder_test.ts";
const ENCODER_STREAM = "tests/qpack/encoder_stream_test.ts";
const DECODER_STREAM = "tests/qpack/decoder_stream_test.ts";
const PROPERTIES = "tests/qpack/property_test.ts";
const INTEGERS = "tests/qpack/prefix_int_test.ts";
const CONNECTION = "tests/h3/connection_test.ts";
const UNIDIRECTIONAL = "tests/h3/unidirectional_test.ts";

const INTERMEDIARY: Proof = {
  notApplicable: "It is about intermediaries, and this is an origin server: it forwards no fields",
};
const ROUND_TRIP: Proof = {
  test: "QPACKDecoder decodes what QPACKEncoder encoded, whatever the network does",
  file: PROPERTIES,
};

/** The ledger. */
export const REQUIREMENTS: readonly Requirement[] = [
  // 2. Overview
  must("2.1", "The encoder keeps the order of field lines", ROUND_TRIP),
  mustNot("2.1.1", "Nothing is inserted where it would evict an entry not acknowledged", {
    test: "QPACKEncoder evicts no entry that has not arrived for sure",
    file: ENCODER,
  }),
  mustNot("2.1.1", "Nothing is inserted where it would evict an entry that is referred to", {
    test: "QPACKEncoder evicts no entry that an open section refers to",
    file: ENCODER,
  }),
  must("2.1.2", "The encoder limits the streams that could become blocked", {
    test:
      "QPACKEncoder blocks no more streams than the peer allows, and any number of sections on one",
    file: ENCODER,
  }),
  must("2.1.2", "The encoder blocks no stream where the limit is 0", {
    test: "QPACKEncoder blocks no stream when the peer allows none, and uses what was acknowledged",
    file: ENCODER,
  }),
  must("2.1.2", "More blocked streams than promised are QPACK_DECOMPRESSION_FAILED", {
    test: "QPACKDecoder lets exactly maxBlockedStreams streams wait",
    file: DECODER,
  }),
  must(
    "2.2",
    "The decoder keeps the order of field lines",
    decoder("reads field lines in their order, duplicates too"),
  ),
  must(
    "2.2.1",
    "A Required Insert Count smaller than needed is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a relative index at the Required Insert Count"),
  ),
  must("2.2.2.1", "A section with dynamic references is acknowledged", {
    test: "QPACKDecoder acknowledges a section that needs the table, and no other",
    file: DECODER,
  }),
  must(
    "2.2.3",
    "A field line that refers to an evicted entry is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a reference to an evicted entry"),
  ),
  must(
    "2.2.3",
    "A post-Base index at or above the Required Insert Count is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a post-Base index at the Required Insert Count"),
  ),
  must(
    "2.2.3",
    "A name reference at or above the Required Insert Count is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a post-Base name index at the Required Insert Count"),
  ),
  must(
    "2.2.3",
    "An insertion that refers to an evicted entry is QPACK_ENCODER_STREAM_ERROR",
    encoderStream("a name of an evicted entry"),
  ),
  must(
    "2.2.3",
    "A duplicate of an evicted entry is QPACK_ENCODER_STREAM_ERROR",
    encoderStream("a duplicate of an evicted entry"),
  ),

  // 3. Tables
  must(
    "3.1",
    "A static index without entry in a field line is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a static index of 99"),
  ),
  must(
    "3.1",
    "A static name index without entry in a field line is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a static name index of 99"),
  ),
  must(
    "3.1",
    "A static index without entry on the encoder stream is QPACK_ENCODER_STREAM_ERROR",
    encoderStream("a static index of 99"),
  ),
  mustNot("3.2", "Duplicate entries are no error", {
    test: "QPACKDecoder.receive() accepts duplicate entries",
    file: ENCODER_STREAM,
  }),
  mustNot("3.2.2", "The encoder evicts no entry that is not evictable", {
    test: "QPACKEncoder evicts no entry that the section in progress refers to",
    file: ENCODER,
  }),
  must(
    "3.2.2",
    "An entry larger than the capacity is QPACK_ENCODER_STREAM_ERROR",
    encoderStream("an entry larger than the capacity"),
  ),
  mustNot("3.2.3", "The encoder sets no capacity above the decoder's maximum", {
    test: "QPACKEncoder sets the smaller capacity of both sides, once, with the first insertion",
    file: ENCODER,
  }),
  must("3.2.3", "A remembered capacity is sent again to a client that uses 0-RTT", {
    notApplicable: "No stream is read before the handshake is done, so no request is early data",
  }),
  mustNot("3.2.3", "Nothing is inserted and no instruction sent where the maximum is 0", {
    test: "QPACKEncoder inserts nothing and sends no instructions when the peer allows no table",
    file: ENCODER,
  }),
  mustNot("3.2.3", "Nothing is inserted and no instruction sent before SETTINGS", {
    test: "QPACKEncoder uses the static table only before configure(), and sends no instructions",
    file: ENCODER,
  }),

  // 4.1 and 4.2 Primitives and streams
  must("4.1.1", "Integers of up to 62 bits are decoded", {
    test: "readInteger() reads 62 bits, as near as a number can",
    file: INTEGERS,
  }),
  must("4.2", "At most one encoder stream and one decoder stream are opened", {
    test:
      "H3Connection begins its three streams with their types, and SETTINGS first (RFC 9114 §6.2.1)",
    file: CONNECTION,
  }),
  ...["resources", "streams"].map((backend) =>
    mustNot("4.2", `Neither of our streams is closed, on the back-end "${backend}"`, {
      test: `QUIC connection (${backend}): garbage collection ends no stream`,
      file: "tests/quic/listener_test.ts",
    })
  ),
  must("4.2", "STOP_SENDING for our decoder stream is H3_CLOSED_CRITICAL_STREAM", {
    test:
      "An HTTP/3 connection is closed with H3_CLOSED_CRITICAL_STREAM for a peer that stops our decoder stream",
    file: "tests/protocol/h3_connection_test.ts",
  }),
  ...["encoder", "decoder"].flatMap((stream) => [
    must(
      "4.2",
      `A second ${stream} stream is H3_STREAM_CREATION_ERROR`,
      unidirectional(`refuses a second ${stream} stream with H3_STREAM_CREATION_ERROR`),
    ),
    must(
      "4.2",
      `FIN on the ${stream} stream is H3_CLOSED_CRITICAL_STREAM`,
      unidirectional(`refuses FIN on the ${stream} stream with H3_CLOSED_CRITICAL_STREAM`),
    ),
    must(
      "4.2",
      `A reset of the ${stream} stream is H3_CLOSED_CRITICAL_STREAM`,
      unidirectional(`refuses a reset of the ${stream} stream with H3_CLOSED_CRITICAL_STREAM`),
    ),
    mustNot(
      "4.2",
      `The peer is not asked to close its ${stream} stream`,
      unidirectional(`keeps the ${stream} stream`),
    ),
  ]),
  must("4.2", "The peer may open both streams even where settings prevent their use", {
    test: "QPACKDecoder.receive() accepts capacity 0 without a table",
    file: ENCODER_STREAM,
  }),

  // 4.3 Encoder instructions
  must("4.3.1", "A new capacity is at most the limit", {
    test: "QPACKEncoder sets the smaller capacity of both sides, once, with the first insertion",
    file: ENCODER,
  }),
  must(
    "4.3.1",
    "A capacity above the limit is QPACK_ENCODER_STREAM_ERROR",
    encoderStream("a capacity above the limit"),
  ),
  mustNot("4.3.1", "A smaller capacity evicts no entry that is not evictable", {
    notApplicable: "Our encoder sets the capacity once",
  }),

  // 4.4 Decoder instructions
  must(
    "4.4.1",
    "An acknowledgment of a stream without open sections is QPACK_DECODER_STREAM_ERROR",
    decoderStream("one acknowledgment too many"),
  ),
  must(
    "4.4.1",
    "An acknowledgment of an unknown stream is QPACK_DECODER_STREAM_ERROR",
    decoderStream("an acknowledgment of an unknown stream"),
  ),
  must(
    "4.4.3",
    "An increment of 0 is QPACK_DECODER_STREAM_ERROR",
    decoderStream("an Insert Count Increment of 0"),
  ),
  must(
    "4.4.3",
    "An increment beyond what was sent is QPACK_DECODER_STREAM_ERROR",
    decoderStream("an Insert Count Increment beyond what was sent"),
  ),

  // 4.5 Field sections
  must(
    "4.5.1.1",
    "An encoded Required Insert Count that is too large is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a Required Insert Count above twice the largest number of entries"),
  ),
  must(
    "4.5.1.1",
    "An encoded Required Insert Count of no possible state is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a Required Insert Count that never was"),
  ),
  must(
    "4.5.1.1",
    "An encoded Required Insert Count that stands for 0 is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses a Required Insert Count that wraps to 0"),
  ),
  mustNot("4.5.1.2", "The Base the encoder chooses is not negative", ROUND_TRIP),
  must(
    "4.5.1.2",
    "A section whose Base is negative is invalid",
    decoder("refuses a Base below 0"),
  ),
  must(
    "4.5.1.2",
    "A section without references whose Base is negative is invalid",
    decoder("refuses a Base below 0 without references"),
  ),
  must("4.5.4", "A field line with the N bit is always a literal", {
    test:
      "QPACKEncoder.encode() writes authorization of 10 bytes as a never-indexed literal each time",
    file: ENCODER,
  }),
  must("4.5.4", "A field line received with the N bit is forwarded as a literal", INTERMEDIARY),

  // 7. Security
  mustNot("7.1.3", "A value received with the N bit is not indexed", INTERMEDIARY),
  must("7.1.3", "A value received with the N bit is sent with the N bit", INTERMEDIARY),
  must("7.1.3", "A value received with the N bit is never indexed in HPACK either", INTERMEDIARY),
  must(
    "7.4",
    "A number too large in a field section is QPACK_DECOMPRESSION_FAILED",
    decoder("refuses an integer of 63 bits"),
  ),
  must(
    "7.4",
    "A number too large on the encoder stream is QPACK_ENCODER_STREAM_ERROR",
    encoderStream("an integer of more than 62 bits"),
  ),
  must(
    "7.4",
    "A string too long on the encoder stream is QPACK_ENCODER_STREAM_ERROR",
    encoderStream("a name above maxNameLength"),
  ),
  must(
    "7.4",
    "A number too large on the decoder stream is QPACK_DECODER_STREAM_ERROR",
    decoderStream("an integer of more than 62 bits"),
  ),
  must("7.4", "A string too long in a field section concerns its stream only", {
    test: "QPACKDecoder.decode() refuses a value above its limit",
    file: DECODER,
  }),
];

function must(section: string, text: string, proof: Proof): Requirement {
  return { section, text, level: "MUST", proof };
}

function mustNot(section: string, text: string, proof: Proof): Requirement {
  return { section, text, level: "MUST NOT", proof };
}

function decoder(test: string): Proof {
  return { test: `QPACKDecoder.decode() ${test}`, file: DECODER };
}

function encoderStream(what: string): Proof {
  return {
    test: `QPACKDecoder.receive() refuses ${what}, however it is cut`,
    file: ENCODER_STREAM,
  };
}

function decoderStream(what: string): Proof {
  return {
    test: `QPACKEncoder.receive() refuses ${what}, however it is cut`,
    file: DECODER_STREAM,
  };
}

function unidirectional(test: string): Proof {
  return { test: `UnidirectionalStream ${test}`, file: UNIDIRECTIONAL };
}
