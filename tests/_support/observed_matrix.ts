/**
 * Tests for every form of application over every version of HTTP that runs on TCP.
 *
 * @module
 */

import type { Client } from "./client.ts";
import { CURL_MISSING, CurlClient } from "./curl_client.ts";
import type { ObservedForm } from "./observed_apps.ts";
import { RawClient } from "./raw_http.ts";

const VERSIONS = [
  {
    version: "1.1",
    secure: false,
    missing: undefined,
    connect: (url: string): Client => new RawClient(url),
  },
  {
    version: "1.1",
    secure: true,
    missing: CURL_MISSING,
    connect: (url: string): Client => new CurlClient(url, "--http1.1"),
  },
  {
    version: "2",
    secure: false,
    missing: CURL_MISSING,
    connect: (url: string): Client => new CurlClient(url, "--http2-prior-knowledge"),
  },
] as const;

/** A version, and a client that speaks it. */
export type ObservedVersion = (typeof VERSIONS)[number];

/** Defines a test for each form and version. */
export function testObserved(
  name: (form: ObservedForm) => string,
  forms: readonly ObservedForm[],
  run: (form: ObservedForm, version: ObservedVersion) => Promise<void>,
): void {
  for (const version of VERSIONS) {
    for (const form of forms) {
      const skipped = version.missing === undefined ? "" : ` (skipped: ${version.missing})`;
      Deno.test({
        name: `${name(form)} over HTTP/${version.version}${
          version.secure ? " and TLS" : ""
        }${skipped}`,
        ignore: version.missing !== undefined,
        fn: () => run(form, version),
      });
    }
  }
}
