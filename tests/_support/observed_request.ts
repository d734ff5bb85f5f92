/**
 * Requests as drivers describe them to observers.
 *
 * @module
 */

import type { ObservedRequest } from "../../src/observation.ts";

/** A request; `GET http://example.com/` by 127.0.0.1:80 over HTTP/1.1, without fields, unless said otherwise. */
export function observedRequest(request: Partial<ObservedRequest> = {}): ObservedRequest {
  return {
    method: "GET",
    scheme: "http",
    authority: "example.com",
    target: "/",
    httpVersion: "1.1",
    websocket: false,
    client: { hostname: "127.0.0.1", port: 80 },
    field: () => null,
    ...request,
  };
}
