/**
 * Where the content of a request ends: Transfer-Encoding, Content-Length and chunks (RFC 9112 §6, §7).
 *
 * @module
 */

import {
  CHUNKED,
  chunked,
  cut,
  EMPTY,
  get,
  LENGTH,
  lenient,
  post,
  refused,
  SECOND,
  SMUGGLED,
  type SmugglingRow,
  taken,
} from "./http1_smuggling_rows.ts";

const transferEncodings: readonly SmugglingRow[] = [
  refused("Content-Length and chunked", post(`Content-Length: 6\r\n${CHUNKED}`, `${EMPTY}X`)),
  refused("Content-Length 0 and chunked", post(`Content-Length: 0\r\n${CHUNKED}`, EMPTY)),
  refused("chunked and Content-Length", post(`${CHUNKED}Content-Length: 4\r\n`, `2d\r\n`)),
  ...[
    "xchunked",
    "chunked, identity",
    "identity",
    "chunked, chunked",
    "\x0bchunked",
    '"chunked"',
    "chunked;a=b",
    ",chunked",
    "",
    "chunked\0",
    "chunked\x85",
    "gzip",
  ].map((value) =>
    refused(
      `Transfer-Encoding: ${JSON.stringify(value)}`,
      post(`Transfer-Encoding: ${value}\r\n`, EMPTY),
    )
  ),
  refused("chunked twice", post(CHUNKED + CHUNKED, EMPTY)),
  refused("chunked, then identity", post(`${CHUNKED}Transfer-Encoding: identity\r\n`, EMPTY)),
  refused("identity, then chunked", post(`Transfer-Encoding: identity\r\n${CHUNKED}`, EMPTY)),
  refused(
    "a space before the colon of Transfer-Encoding",
    post("Transfer-Encoding : chunked\r\n", EMPTY),
  ),
  refused("a space before Transfer-Encoding", post(` ${CHUNKED}`, EMPTY)),
  refused("chunked in HTTP/1.0", post(CHUNKED, EMPTY, "1.0")),
  refused(
    "chunked in HTTP/1.0 that is to go on",
    post(`Connection: keep-alive\r\n${CHUNKED}`, EMPTY, "1.0"),
  ),
  refused("GET with a coding that is not chunked", get("Transfer-Encoding: gzip\r\n") + EMPTY),
  taken(
    "another case of chunked",
    post("Transfer-Encoding: CHUNKED\r\n", `3\r\nabc\r\n${EMPTY}`),
    "POST /first abc",
  ),
  taken(
    "a tab before chunked",
    post("Transfer-Encoding:\tchunked\r\n", `3\r\nabc\r\n${EMPTY}`),
    "POST /first abc",
  ),
  taken(
    "Transfer_Encoding",
    post("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", EMPTY),
    `POST /first ${EMPTY}`,
  ),
  taken(
    "Transfer-Encoding as a connection option",
    post(`Connection: transfer-encoding\r\n${CHUNKED}`, EMPTY),
    "POST /first ",
  ),
  taken(
    "GET with chunked content",
    `${get(CHUNKED)}${LENGTH.toString(16)}\r\n${SMUGGLED}\r\n${EMPTY}`,
    "GET /first ",
  ),
  {
    ...taken(
      "another coding before chunked",
      post("Transfer-Encoding: gzip, chunked\r\n", EMPTY + SECOND),
      "GET /second ",
    ),
    gets: [501, 200],
  },
];

const contentLengths: readonly SmugglingRow[] = [
  ...[
    "3\r\nContent-Length: 4",
    `0\r\nContent-Length: ${LENGTH}`,
    "\r\nContent-Length: 3",
    "3, 3",
    "3, 4",
    "+3",
    "-3",
    "-0",
    "0 3",
    "0x3",
    "3.0",
    "1e1",
    "3;x",
    "3\0",
    "\x0b3",
    "\u00b3",
    "",
    "18446744073709551616",
    "18446744073709551619",
  ].map((value) =>
    refused(`Content-Length: ${JSON.stringify(value)}`, post(`Content-Length: ${value}\r\n`, "abc"))
  ),
  refused("a space before the colon of Content-Length", post("Content-Length : 3\r\n", "abc")),
  refused(
    "the same beside a good one",
    post(`Content-Length : 0\r\nContent-Length: ${LENGTH}\r\n`, ""),
  ),
  refused("a folded Content-Length", post(`Content-Length:\r\n ${LENGTH}\r\n`, "")),
  taken(
    "Content-Length twice, the same",
    post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
    "POST /first abc",
  ),
  taken("zeros before Content-Length", post("Content-Length: 003\r\n", "abc"), "POST /first abc"),
  taken("a space after Content-Length", post("Content-Length: 3 \r\n", "abc"), "POST /first abc"),
  taken("no length", post("", SECOND), "POST /first ", "GET /second "),
  taken(
    "content that looks like a request",
    post(`Content-Length: ${LENGTH}\r\n`, SMUGGLED),
    `POST /first ${SMUGGLED}`,
  ),
  taken(
    "content and a request behind it",
    post("Content-Length: 3\r\n", `abc${SECOND}`),
    "POST /first abc",
    "GET /second ",
  ),
  taken("GET with content", get(`Content-Length: ${LENGTH}\r\n`) + SMUGGLED, "GET /first "),
  { ...taken("less than Content-Length", post("Content-Length: 50\r\n", SMUGGLED)), then: "waits" },
  {
    ...taken("Content-Length 2^63", post("Content-Length: 9223372036854775808\r\n", SMUGGLED)),
    then: "waits",
  },
];

const chunks: readonly SmugglingRow[] = [
  ...[
    ["a negative size", "-3\r\nabc\r\n"],
    ["a plus", "+3\r\nabc\r\n"],
    ["0x", "0x3\r\nabc\r\n"],
    ["a size of 2^64", "10000000000000000\r\nabc\r\n"],
    ["a size of 2^64 + 3", "10000000000000003\r\nabc\r\n"],
    ["no size", "\r\nabc\r\n"],
    ["two sizes", "3 3\r\nabc\r\n"],
    ["a digit too large", "g\r\nabc\r\n"],
    ["LF in an extension", "3;a\nabc\r\n"],
    ["LF that ends an extension", `2;\nxx\r\n${LENGTH.toString(16)}\r\n`],
    ["CR in an extension", "3;a\rb\r\nabc\r\n"],
    ["LF after a size", "3\nabc\r\n"],
    ["CR after a size", "3\rabc\r\n"],
    ["no CRLF after the content", "3\r\nabc"],
    ["LF after the content", "3\r\nabc\n"],
    ["more content than said", "3\r\nabcdef\r\n"],
  ].map(([name, content]) => cut(`chunks with ${name}`, chunked(content + EMPTY))),
  ...[
    ["a request for trailers", "0\r\n"],
    ["LF after trailers", "0\r\nX: y\n\n"],
    ["LF after the last size", "0\n\n"],
    ["CR and no LF after the last size", "0\r\n\rX\n"],
    ["a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"],
  ].map(([name, content]) => cut(`chunks with ${name}`, chunked(content!))),
  ...[
    ["a size of 2^63 - 1", "7fffffffffffffff\r\nabc\r\n"],
    ["a size of 2^64 - 1", "ffffffffffffffff\r\nabc\r\n"],
  ].map(([name, content]): SmugglingRow => ({
    ...taken(`chunks with ${name}`, chunked(content + EMPTY + SMUGGLED)),
    then: "waits",
  })),
  ...[
    ["an extension", "3;a=b\r\nabc\r\n0\r\n\r\n"],
    ["zeros before a size", `${"0".repeat(30)}3\r\nabc\r\n00\r\n\r\n`],
    ["a space after a size", "3 \r\nabc\r\n0\r\n\r\n"],
    ["trailers", `3\r\nabc\r\n0\r\nX: y\r\nContent-Length: ${LENGTH}\r\n\r\n`],
  ].map(([name, content]) =>
    taken(`chunks with ${name}`, chunked(content + SECOND), "POST /first abc", "GET /second ")
  ),
  lenient(
    "whitespace before a chunk size is skipped",
    taken("chunks with a space before a size", chunked(` 3\r\nabc\r\n${EMPTY}`), "POST /first abc"),
  ),
  lenient(
    "chunk extensions are not parsed, only skipped",
    taken(
      "chunks with an extension that is not closed",
      chunked(`3;a="\r\nabc\r\n${EMPTY}`),
      "POST /first abc",
    ),
  ),
];

/** Every row. */
export const FRAMING_ROWS: readonly SmugglingRow[] = [
  ...transferEncodings,
  ...contentLengths,
  ...chunks,
];
