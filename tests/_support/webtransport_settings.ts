/**
 * Settings of WebTransport for listeners in tests.
 *
 * @module
 */

import type { WebTransportSettings } from "../../src/protocol/webtransport_settings.ts";

/** Offers none, as a listener does that is about something else. */
export const NO_WEBTRANSPORT: WebTransportSettings = {
  maxSessions: 0,
  maxStreams: 0,
  origins: new Set(),
};
