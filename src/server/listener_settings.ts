/**
 * From the configuration to what the drivers take.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import type { Observer } from "../observation.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import { responseFields } from "../protocol/response_fields.ts";
import type { ListenerSettings, Reporter } from "../protocol/serve_context.ts";

/**
 * What a listener needs to know of the configuration.
 *
 * @param altSvc Values of `alt-svc` that lead to our HTTP/3 listeners.
 */
export function listenerSettings(
  config: ResolvedConfig,
  secure: boolean,
  inFlight: InFlight,
  reporter: Reporter,
  observer: Observer | null,
  altSvc: readonly string[] = [],
): ListenerSettings {
  const names = config.serverNames.map((name) => name.toLowerCase());
  return {
    scheme: secure ? "https" : "http",
    serverNames: names.length > 0 ? new Set(names) : null,
    responseFields: responseFields({
      includeServerHeader: config.includeServerHeader,
      altSvc: config.altSvcHeaders,
      http3: altSvc,
    }),
    inFlight,
    websocket: {
      maxMessageSize: config.websocketMaxMessageSize,
      pingInterval: config.websocketPingInterval,
      inFlight,
    },
    reporter,
    observer,
  };
}
