/**
 * What a listener allows WebTransport.
 *
 * @module
 */

/** Settings of WebTransport on an HTTP/3 listener. */
export interface WebTransportSettings {
  /** Sessions a connection may have at a time; 0 offers none, and nothing of WebTransport is announced. */
  readonly maxSessions: number;
  /** Streams a client may have open in each direction for its sessions, beyond those of requests. */
  readonly maxStreams: number;
  /**
   * Origins that browsers may come from, in their serialised form or `"*"`; empty for that of the server itself. Clients
   * that send no `origin` are no browsers and may always come.
   */
  readonly origins: ReadonlySet<string>;
}
