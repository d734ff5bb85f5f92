/**
 * The contract over the plain TCP driver.
 *
 * @module
 */

import { FORMS } from "../_support/contract_server.ts";
import { defineContract } from "./exchange_suite.ts";
import { HTTP1_CASES } from "./http1_cases.ts";
import { LIMIT_CASES } from "./limit_cases.ts";
import { MESSAGE_CASES } from "./message_cases.ts";
import { SERVER_CASES } from "./server_cases.ts";
import { STREAMING_CASES } from "./streaming_cases.ts";
import { TCP_TRANSPORTS } from "./tcp_transports.ts";

/** Plays the byte-by-byte cases. */
const RAW = TCP_TRANSPORTS.filter(({ tool }) => tool === "raw");

const VARIANTS = FORMS.flatMap((form) => TCP_TRANSPORTS.map((transport) => ({ form, transport })));

defineContract(VARIANTS, MESSAGE_CASES);
defineContract(VARIANTS, STREAMING_CASES);
defineContract(VARIANTS, SERVER_CASES);
defineContract(VARIANTS, LIMIT_CASES);
defineContract(FORMS.flatMap((form) => RAW.map((transport) => ({ form, transport }))), HTTP1_CASES);
