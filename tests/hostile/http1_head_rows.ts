/**
 * Lines of a request head, hosts, and requests that are not meant for us (RFC 9112 §2, §3, §5).
 *
 * @module
 */

import {
  answered400,
  CHUNKED,
  EMPTY,
  get,
  head,
  HOST,
  LENGTH,
  lenient,
  post,
  refused,
  SECOND,
  SMUGGLED,
  type SmugglingRow,
  taken,
} from "./http1_smuggling_rows.ts";

const lines: readonly SmugglingRow[] = [
  ...[
    ["a folded field", "X: a\r\n b\r\n"],
    ["CR in a value", `X: a\rContent-Length: ${LENGTH}\r\n`],
    ["two CR before LF", "X: a\r\r\n"],
    ["a field without a name", ": x\r\n"],
    ["a line without a colon", "bad\r\n"],
    ["NUL in a value", "X: a\0b\r\n"],
    ["NUL in a name", "X\0Y: a\r\n"],
    ["a space in a name", "X Y: a\r\n"],
    ["a name that is not ASCII", "X\xe4: a\r\n"],
  ].map(([name, fields]) => refused(name!, get(fields!))),
  refused("a folded first field", head("GET /first HTTP/1.1", ` ${HOST}`)),
  refused("LF CR", "GET /first HTTP/1.1\n\rHost: localhost\n\r\n\r"),
  refused("CR for lines", "GET /first HTTP/1.1\rHost: localhost\r\r"),
  ...[
    "GET /first HTTP/2.0",
    "GET /first HTTP/1.2",
    "GET /first HTTP/1.10",
    "GET /first HTTP/0.9",
    "GET /first http/1.1",
    "GET /first HTTP/ 1.1",
    "GET /first HTTP/1.1 ",
    "GET /first",
    "GET\t/first\tHTTP/1.1",
    "GET  /first HTTP/1.1",
    "GET /first x HTTP/1.1",
    "GET\x0b/first HTTP/1.1",
    " GET /first HTTP/1.1",
    "G@T /first HTTP/1.1",
    "GET /fi\0rst HTTP/1.1",
    "GET first HTTP/1.1",
    "GET @evil/first HTTP/1.1",
    "GET :80/first HTTP/1.1",
    "GET * HTTP/1.1",
    "PRI * HTTP/2.0",
  ].map((line) => refused(`the line ${JSON.stringify(line)}`, head(line))),
  taken("LF for lines", "GET /first HTTP/1.1\nHost: localhost\n\n", "GET /first "),
  {
    // In pieces the runtime looks for the end of a head by CRLF CRLF or LF LF alone, and waits.
    ...taken("LF for a line", "GET /first HTTP/1.1\r\nHost: localhost\n\r\n", "GET /first "),
    whole: true,
  },
  {
    // Alone they are the end of a head that is bad, and get 400.
    ...taken("empty lines before", `\r\n\r\n${get("")}`, "GET /first "),
    whole: true,
  },
  taken("a method in small letters", head("get /first HTTP/1.1"), "get /first "),
  taken(
    "a very long method",
    head(`${"G".repeat(5000)} /first HTTP/1.1`),
    `${"G".repeat(5000)} /first `,
  ),
  taken("%00 in a target", head("GET /fi%00rst HTTP/1.1"), "GET /fi%00rst "),
  taken("a target of two slashes", head("GET //evil/first HTTP/1.1"), "GET //evil/first "),
  taken("dots in a target", head("GET /a/../first HTTP/1.1"), "GET /a/../first "),
  lenient(
    "a target may hold any visible byte",
    taken("a backslash in a target", head("GET /a\\first HTTP/1.1"), "GET /a\\first "),
  ),
  lenient(
    "a target may hold any visible byte",
    taken("a fragment in a target", head("GET /first#x HTTP/1.1"), "GET /first#x "),
  ),
];

const hosts: readonly SmugglingRow[] = [
  refused("two hosts", head("GET /first HTTP/1.1", `${HOST}Host: evil\r\n`)),
  refused("the same host twice", head("GET /first HTTP/1.1", HOST + HOST)),
  refused("a space before the colon of Host", head("GET /first HTTP/1.1", "Host : localhost\r\n")),
  ...[
    "evil@localhost",
    "local host",
    "localhost/evil",
    "localhost?evil",
    "localhost#evil",
    "localhost, evil",
    "[::1",
    "::1",
    "localhost:99999",
    "localhost:-1",
    "http://localhost",
    "local\xffhost",
    "local%0d%0ahost",
  ].map((host) =>
    answered400(
      `the host ${JSON.stringify(host)}`,
      head("GET /first HTTP/1.1", `Host: ${host}\r\n`),
    )
  ),
  answered400("a target with user information", head("GET http://a@evil/first HTTP/1.1")),
  taken("an IPv6 host", head("GET /first HTTP/1.1", "Host: [::1]:80\r\n"), "GET /first "),
  taken(
    "a host with a comma, which a name may have",
    head("GET /first HTTP/1.1", "Host: localhost,evil\r\n"),
    "GET /first ",
  ),
  taken("an empty host", head("GET /first HTTP/1.1", "Host:\r\n"), "GET /first "),
  taken(
    "an absolute target of another host",
    head("GET http://evil/first HTTP/1.1"),
    "GET /first ",
  ),
  taken(
    "an absolute target of another scheme",
    head("GET https://localhost/first HTTP/1.1"),
    "GET /first ",
  ),
  taken("an absolute target without a path", head("GET http://localhost HTTP/1.1"), "GET / "),
  lenient(
    "the runtime does not tell HTTP/1.0 from 1.1, and 1.0 may leave Host out",
    taken("no host", head("GET /first HTTP/1.1", ""), "GET /first "),
  ),
  {
    ...taken("no host in HTTP/1.0", head("GET /first HTTP/1.0", "") + SMUGGLED, "GET /first "),
    then: "closed",
  },
];

const others: readonly SmugglingRow[] = [
  {
    ...taken(
      "CONNECT",
      head("CONNECT evil:443 HTTP/1.1", "Host: evil:443\r\n") + SECOND,
      "GET /second ",
    ),
    gets: [501, 200],
  },
  taken("OPTIONS for the server", head("OPTIONS * HTTP/1.1"), "OPTIONS /* "),
  taken("TRACE", head("TRACE /first HTTP/1.1"), "TRACE /first "),
  taken(
    "TRACE with content",
    head("TRACE /first HTTP/1.1", `${HOST}Content-Length: ${LENGTH}\r\n`) + SMUGGLED,
    `TRACE /first ${SMUGGLED}`,
  ),
  taken(
    "an upgrade to HTTP/2",
    get(
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    ),
    "GET /first ",
  ),
  {
    ...taken(
      "an expectation with content at once",
      post(`Expect: 100-continue\r\nContent-Length: ${LENGTH}\r\n`, SMUGGLED),
      `POST /first ${SMUGGLED}`,
    ),
    gets: [100, 200],
  },
  {
    ...taken(
      "an expectation with chunks",
      post(`Expect: 100-continue\r\n${CHUNKED}`, EMPTY),
      "POST /first ",
    ),
    gets: [100, 200],
  },
  taken("an expectation without content", get("Expect: 100-continue\r\n"), "GET /first "),
  taken(
    "an expectation nobody knows",
    post(`Expect: 200-ok\r\nContent-Length: ${LENGTH}\r\n`, SMUGGLED),
    `POST /first ${SMUGGLED}`,
  ),
  {
    ...taken(
      "a request behind the last one",
      get("Connection: close\r\n") + SMUGGLED,
      "GET /first ",
    ),
    then: "closed",
  },
  {
    ...taken(
      "a request behind one of HTTP/1.0",
      head("GET /first HTTP/1.0") + SMUGGLED,
      "GET /first ",
    ),
    then: "closed",
  },
  refused("a TLS record", `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"x".repeat(500)}`),
  refused("zeros", "\0\0\0\0\r\n\r\n"),
];

/** Every row. */
export const HEAD_ROWS: readonly SmugglingRow[] = [...lines, ...hosts, ...others];
