/**
 * The test files that the ledgers of Hypercorn name, by what they test.
 *
 * @module
 */

import { testsOf } from "./hypercorn_ledger.ts";

/** The names of tests, each in the file that it is in. */
export type TestFile = ReturnType<typeof testsOf>;

/** Tests of `app/asgi_http_test.ts`. */
export const asgi: TestFile = testsOf("app/asgi_http_test.ts");
/** Tests of `app/asgi_receive_test.ts`. */
export const receives: TestFile = testsOf("app/asgi_receive_test.ts");
/** Tests of `app/asgi_scope_test.ts`. */
export const scopes: TestFile = testsOf("app/asgi_scope_test.ts");
/** Tests of `app/asgi_websocket_test.ts`. */
export const asgiSockets: TestFile = testsOf("app/asgi_websocket_test.ts");
/** Tests of `app/framework_test.ts`. */
export const forms: TestFile = testsOf("app/framework_test.ts");
/** Tests of `app/lifespan_test.ts`. */
export const lifespan: TestFile = testsOf("app/lifespan_test.ts");
/** Tests of `app/load_test.ts`. */
export const loading: TestFile = testsOf("app/load_test.ts");
/** Tests of `app/wsgi_environ_test.ts`. */
export const environ: TestFile = testsOf("app/wsgi_environ_test.ts");
/** Tests of `app/wsgi_output_test.ts`. */
export const wsgiOutput: TestFile = testsOf("app/wsgi_output_test.ts");
/** Tests of `app/wsgi_response_test.ts`. */
export const wsgiHeads: TestFile = testsOf("app/wsgi_response_test.ts");
/** Tests of `app/wsgi_test.ts`. */
export const wsgi: TestFile = testsOf("app/wsgi_test.ts");
/** Tests of `cli/arguments_test.ts`. */
export const flags: TestFile = testsOf("cli/arguments_test.ts");
/** Tests of `cli/command_test.ts`. */
export const cli: TestFile = testsOf("cli/command_test.ts");
/** Tests of `cli/program_test.ts`. */
export const program: TestFile = testsOf("cli/program_test.ts");
/** Tests of `cli/settle_test.ts`. */
export const settles: TestFile = testsOf("cli/settle_test.ts");
/** Tests of `config/bind_test.ts`. */
export const binds: TestFile = testsOf("config/bind_test.ts");
/** Tests of `config/config_test.ts`. */
export const config: TestFile = testsOf("config/config_test.ts");
/** Tests of `config/load_test.ts`. */
export const loads: TestFile = testsOf("config/load_test.ts");
/** Tests of `config/options_test.ts`. */
export const options: TestFile = testsOf("config/options_test.ts");
/** Tests of `config/resolve_test.ts`. */
export const resolves: TestFile = testsOf("config/resolve_test.ts");
/** Tests of `contract/http3_test.ts`. */
export const overHttp3: TestFile = testsOf("contract/http3_test.ts");
/** Tests of `contract/serve_test.ts`. */
export const overTcp: TestFile = testsOf("contract/serve_test.ts");
/** Tests of `contract/websocket_test.ts`. */
export const overWebSocket: TestFile = testsOf("contract/websocket_test.ts");
/** Tests of `h3/response_test.ts`. */
export const h3Responses: TestFile = testsOf("h3/response_test.ts");
/** Tests of `hostile/disconnect_test.ts`. */
export const leaving: TestFile = testsOf("hostile/disconnect_test.ts");
/** Tests of `hostile/misbehaving_app_test.ts`. */
export const misbehaving: TestFile = testsOf("hostile/misbehaving_app_test.ts");
/** Tests of `hostile/stubborn_app_test.ts`. */
export const stubborn: TestFile = testsOf("hostile/stubborn_app_test.ts");
/** Tests of `logging/access_atoms_test.ts`. */
export const atoms: TestFile = testsOf("logging/access_atoms_test.ts");
/** Tests of `logging/access_log_test.ts`. */
export const accessLog: TestFile = testsOf("logging/access_log_test.ts");
/** Tests of `logging/error_log_test.ts`. */
export const errorLog: TestFile = testsOf("logging/error_log_test.ts");
/** Tests of `logging/log_config_test.ts`. */
export const logConfig: TestFile = testsOf("logging/log_config_test.ts");
/** Tests of `metrics/statsd_test.ts`. */
export const statsd: TestFile = testsOf("metrics/statsd_test.ts");
/** Tests of `middleware/dispatcher_test.ts`. */
export const dispatcher: TestFile = testsOf("middleware/dispatcher_test.ts");
/** Tests of `middleware/proxy_fix_test.ts`. */
export const proxyFix: TestFile = testsOf("middleware/proxy_fix_test.ts");
/** Tests of `middleware/redirect_to_https_test.ts`. */
export const redirect: TestFile = testsOf("middleware/redirect_to_https_test.ts");
/** Tests of `process/session_test.ts`. */
export const session: TestFile = testsOf("process/session_test.ts");
/** Tests of `protocol/h3_disconnect_test.ts`. */
export const h3Leaving: TestFile = testsOf("protocol/h3_disconnect_test.ts");
/** Tests of `protocol/h3_exchange_test.ts`. */
export const h3Exchanges: TestFile = testsOf("protocol/h3_exchange_test.ts");
/** Tests of `protocol/h3_listener_test.ts`. */
export const h3Listeners: TestFile = testsOf("protocol/h3_listener_test.ts");
/** Tests of `protocol/h3_request_test.ts`. */
export const h3Requests: TestFile = testsOf("protocol/h3_request_test.ts");
/** Tests of `protocol/h3_shutdown_test.ts`. */
export const h3Stops: TestFile = testsOf("protocol/h3_shutdown_test.ts");
/** Tests of `protocol/handshake_test.ts`. */
export const handshakes: TestFile = testsOf("protocol/handshake_test.ts");
/** Tests of `protocol/response_fields_test.ts`. */
export const responseFields: TestFile = testsOf("protocol/response_fields_test.ts");
/** Tests of `quic/listener_test.ts`. */
export const quic: TestFile = testsOf("quic/listener_test.ts");
/** Tests of `request_target_test.ts`. */
export const targets: TestFile = testsOf("request_target_test.ts");
/** Tests of `server/host_test.ts`. */
export const hosts: TestFile = testsOf("server/host_test.ts");
/** Tests of `server/http3_test.ts`. */
export const http3: TestFile = testsOf("server/http3_test.ts");
/** Tests of `server/listen_test.ts`. */
export const listens: TestFile = testsOf("server/listen_test.ts");
/** Tests of `server/log_test.ts`. */
export const logs: TestFile = testsOf("server/log_test.ts");
/** Tests of `server/process_test.ts`. */
export const processes: TestFile = testsOf("server/process_test.ts");
/** Tests of `server/shutdown_test.ts`. */
export const stops: TestFile = testsOf("server/shutdown_test.ts");
/** Tests of `server/start_test.ts`. */
export const starts: TestFile = testsOf("server/start_test.ts");
/** Tests of `server/tls_test.ts`. */
export const tls: TestFile = testsOf("server/tls_test.ts");
/** Tests of `server/websocket_test.ts`. */
export const sockets: TestFile = testsOf("server/websocket_test.ts");
/** Tests of `workers/processes_test.ts`. */
export const workers: TestFile = testsOf("workers/processes_test.ts");
/** Tests of `workers/supervisor_test.ts`. */
export const supervisor: TestFile = testsOf("workers/supervisor_test.ts");

/** Tests that were written for the ledgers. */
export const ours = {
  serve: testsOf("compliance/hypercorn_serve_test.ts"),
  tls: testsOf("compliance/hypercorn_tls_test.ts"),
  http1: testsOf("compliance/hypercorn_http1_test.ts"),
  http2: testsOf("compliance/hypercorn_http2_test.ts"),
  http3: testsOf("compliance/hypercorn_http3_test.ts"),
  webSocket: testsOf("compliance/hypercorn_websocket_test.ts"),
  operation: testsOf("compliance/hypercorn_operation_test.ts"),
  workers: testsOf("compliance/hypercorn_workers_test.ts"),
} as const;
