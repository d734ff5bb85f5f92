/**
 * The ASGI TLS extension.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/tls.html | ASGI TLS extension}
 * @module
 */

/**
 * The TLS session of a request, where the driver knows it: HTTP/3.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/tls.html | ASGI TLS extension}
 */
export interface ASGITLSExtension {
  /** The server's certificate in PEM; not told by this runtime. */
  server_cert: null;
  /** The client's certificate chain; this server asks for none. */
  client_cert_chain: string[];
  /** Name in the client's certificate. */
  client_cert_name: null;
  /** Why the client's certificate was refused. */
  client_cert_error: null;
  /** TLS version as in the protocol: `0x0304` for TLS 1.3. */
  tls_version: number;
  /** Cipher suite as in the protocol; not told by this runtime. */
  cipher_suite: null;
  /** Name the client asked for (SNI), `null` when it gave none. Not in the ASGI specification. */
  server_name: string | null;
}
