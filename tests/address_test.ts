import assert from "node:assert/strict";
import { formatAuthority } from "../src/address.ts";

Deno.test("formatAuthority() brackets IPv6 addresses only", () => {
  assert.equal(formatAuthority("::1", 80), "[::1]:80");
  assert.equal(formatAuthority("127.0.0.1", 0), "127.0.0.1:0");
  assert.equal(formatAuthority("localhost", 8000), "localhost:8000");
});
