/**
 * The ASGI TLS extension; see `asgi_types.ts`.
 *
 * @module
 */

export type * from "../asgi_tls.ts";
