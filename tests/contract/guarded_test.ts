/**
 * The contract over the guarded TCP driver, for the two ways requests take through it.
 *
 * @module
 */

import { defineContract, type Transport } from "./exchange_suite.ts";
import { HTTP1_CASES } from "./http1_cases.ts";
import { LIMIT_CASES } from "./limit_cases.ts";
import { MESSAGE_CASES } from "./message_cases.ts";
import { SERVER_CASES } from "./server_cases.ts";
import { STREAMING_CASES } from "./streaming_cases.ts";
import { TCP_TRANSPORTS } from "./tcp_transports.ts";

const TRANSPORTS: readonly Transport[] = TCP_TRANSPORTS.map((transport) => ({
  ...transport,
  name: `guarded ${transport.name}`,
  config: { ...transport.config, guard: "on" },
}));

const FORMS = ["fetch short cut", "ASGI"] as const;

const VARIANTS = FORMS.flatMap((form) => TRANSPORTS.map((transport) => ({ form, transport })));

defineContract(VARIANTS, MESSAGE_CASES);
defineContract(VARIANTS, STREAMING_CASES);
defineContract(VARIANTS, SERVER_CASES);
defineContract(VARIANTS, LIMIT_CASES);
defineContract(VARIANTS.filter(({ transport }) => transport.tool === "raw"), HTTP1_CASES);
