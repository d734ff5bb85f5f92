import assert from "node:assert/strict";
import { buildEnviron } from "../../src/app/wsgi_environ.ts";
import { ErrorLog } from "../../src/app/wsgi_errors.ts";
import type { WSGIEnviron } from "../../src/wsgi_types.ts";
import type { FieldList } from "../../src/fields.ts";
import { FakeExchange, type FakeExchangeOptions } from "../_support/fake_exchange.ts";

function environOf(options: FakeExchangeOptions, content = ""): WSGIEnviron {
  return buildEnviron(new FakeExchange(options), {
    scriptName: "/pre",
    path: { pathInfo: "/fix", queryString: "q=1" },
    content: new TextEncoder().encode(content),
    errors: new ErrorLog(() => {}),
    multiprocess: true,
  });
}

Deno.test("buildEnviron() fills in every variable of PEP 3333", () => {
  const environ = environOf({
    method: "POST",
    scheme: "https",
    httpVersion: "2",
    fields: [["content-type", "text/plain"], ["content-length", "4"], ["user-agent", "test"]],
  }, "body");
  const { "wsgi.input": input, "wsgi.errors": errors, ...values } = environ;
  assert.deepEqual(values, {
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "/pre",
    PATH_INFO: "/fix",
    QUERY_STRING: "q=1",
    SERVER_NAME: "127.0.0.1",
    SERVER_PORT: "8000",
    SERVER_PROTOCOL: "HTTP/2",
    REMOTE_ADDR: "192.0.2.1",
    REMOTE_PORT: "50000",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "4",
    HTTP_HOST: "localhost",
    HTTP_USER_AGENT: "test",
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "https",
    "wsgi.input_terminated": true,
    "wsgi.multithread": false,
    "wsgi.multiprocess": true,
    "wsgi.run_once": false,
  });
  assert.equal(new TextDecoder().decode(input.read()), "body");
  assert.equal(typeof errors.write, "function");
});

for (const { scheme, port } of [{ scheme: "http", port: "80" }, { scheme: "https", port: "443" }]) {
  Deno.test(`buildEnviron() on a Unix socket names localhost and port ${port}, and no client`, () => {
    const environ = environOf({
      scheme: scheme as "http" | "https",
      peer: { client: null, server: null },
    });
    assert.deepEqual([environ.SERVER_NAME, environ.SERVER_PORT], ["localhost", port]);
    assert.ok(!("REMOTE_ADDR" in environ) && !("REMOTE_PORT" in environ));
  });
}

const FIELD_ROWS: { name: string; fields: FieldList; expected: Record<string, string> }[] = [
  {
    name: "repeated fields with a comma",
    fields: [["x-a", "1"], ["x-a", "2"]],
    expected: { HTTP_X_A: "1,2" },
  },
  {
    name: "cookies with a semicolon",
    fields: [["cookie", "a=1"], ["cookie", "b=2"]],
    expected: { HTTP_COOKIE: "a=1; b=2" },
  },
  {
    name: "only the hyphenated of X-A and X_A",
    fields: [["x_a", "evil"], ["x-a", "good"], ["x_a", "evil"]],
    expected: { HTTP_X_A: "good" },
  },
  { name: "not a forged content_length", fields: [["content_length", "9"]], expected: {} },
  { name: "not the Proxy field (httpoxy)", fields: [["proxy", "http://evil"]], expected: {} },
  { name: "latin-1 values unchanged", fields: [["x-a", "\xe4"]], expected: { HTTP_X_A: "\xe4" } },
  { name: "empty values", fields: [["x-a", ""]], expected: { HTTP_X_A: "" } },
  {
    name: "names that objects inherit",
    fields: [["constructor", "x"], ["--proto--", "y"]],
    expected: { HTTP_CONSTRUCTOR: "x", HTTP___PROTO__: "y" },
  },
];

for (const { name, fields, expected } of FIELD_ROWS) {
  Deno.test(`buildEnviron() takes over ${name}`, () => {
    const environ = environOf({ authority: "", fields });
    const taken = Object.entries(environ).filter(([key]) => /^(HTTP|CONTENT)_/.test(key));
    assert.deepEqual(Object.fromEntries(taken), expected);
  });
}

const LENGTH_ROWS: { name: string; fields: FieldList; content: string; expected?: string }[] = [
  { name: "absent without content", fields: [], content: "" },
  {
    name: "0 when the client said so",
    fields: [["content-length", "0"]],
    content: "",
    expected: "0",
  },
  {
    name: "the real length of chunked content",
    fields: [["transfer-encoding", "chunked"]],
    content: "12345",
    expected: "5",
  },
  {
    name: "0 for empty chunked content",
    fields: [["transfer-encoding", "chunked"]],
    content: "",
    expected: "0",
  },
  {
    name: "the real length of HTTP/2 content without a length",
    fields: [],
    content: "123",
    expected: "3",
  },
];

for (const { name, fields, content, expected } of LENGTH_ROWS) {
  Deno.test(`buildEnviron() sets CONTENT_LENGTH: ${name}`, () => {
    assert.equal(environOf({ fields }, content).CONTENT_LENGTH, expected);
  });
}

Deno.test("ErrorLog logs complete lines at once and the rest on flush()", () => {
  const lines: string[] = [];
  const errors = new ErrorLog((line) => lines.push(line));
  errors.write("one\ntw");
  assert.deepEqual(lines, ["one"]);
  errors.writelines(["o\n", "\nthr", "ee"]);
  assert.deepEqual(lines, ["one", "two", ""]);
  errors.flush();
  errors.flush();
  assert.deepEqual(lines, ["one", "two", "", "three"]);
});
