import { TLS_OPTIONS } from "../_support/certificates.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { EXCHANGE_FORMS } from "../_support/contract_server.ts";
import { H3Client } from "../_support/h3_client.ts";
import { defineContract, type Transport } from "./exchange_suite.ts";
import { HTTP3_CASES } from "./http3_cases.ts";
import { LIMIT_CASES } from "./limit_cases.ts";
import { MESSAGE_CASES } from "./message_cases.ts";
import { SERVER_CASES } from "./server_cases.ts";
import { STREAMING_CASES } from "./streaming_cases.ts";

const TRANSPORTS = BACKENDS.map((quic): Transport => ({
  name: `HTTP/3 (${quic})`,
  version: "3",
  secure: true,
  tool: "h3",
  config: TLS_OPTIONS,
  quic,
  connect: (url) => new H3Client(url),
}));

const VARIANTS = EXCHANGE_FORMS.flatMap((form) =>
  TRANSPORTS.map((transport) => ({ form, transport }))
);

defineContract(VARIANTS, MESSAGE_CASES);
defineContract(VARIANTS, STREAMING_CASES);
defineContract(VARIANTS, SERVER_CASES);
defineContract(VARIANTS, LIMIT_CASES);
defineContract(VARIANTS, HTTP3_CASES);
