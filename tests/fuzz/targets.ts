/**
 * Every fuzz target.
 *
 * @module
 */

import type { Target } from "./harness.ts";
import { CONNECTION_TARGETS } from "./targets/connection.ts";
import { HOSTILE_TARGETS } from "./targets/connection_hostile.ts";
import { FRAME_TARGETS } from "./targets/frames.ts";
import { LOG_TARGETS } from "./targets/logs.ts";
import { OPTION_TARGETS } from "./targets/options.ts";
import { PROXY_TARGETS } from "./targets/proxies.ts";
import { QPACK_TARGETS } from "./targets/qpack.ts";
import { REQUEST_TARGETS } from "./targets/requests.ts";
import { WEBSOCKET_TARGETS } from "./targets/websocket.ts";
import { WEBTRANSPORT_TARGETS } from "./targets/webtransport.ts";

/** In the order of the layers, from the wire up. */
export const TARGETS: readonly Target[] = [
  ...QPACK_TARGETS,
  ...FRAME_TARGETS,
  ...REQUEST_TARGETS,
  ...CONNECTION_TARGETS,
  ...HOSTILE_TARGETS,
  ...WEBSOCKET_TARGETS,
  ...WEBTRANSPORT_TARGETS,
  ...PROXY_TARGETS,
  ...LOG_TARGETS,
  ...OPTION_TARGETS,
];
