/**
 * What a listener allows WebTransport.
 *
 * @module
 */

/** Settings of WebTransport on an HTTP/3 listener. */
export interface WebTransportSettings {
  /** Sessions a connection may have at a time; 0 offers none, and nothing of WebTransport is announced. */
  readonly maxSessions: number;
  /**
   * Streams of each kind that a client may open for the sessions of a connection, all together; 0 without sessions. The
   * transport's limits, the only ones a client knows, are the sums of this and what requests and critical streams need,
   * so either may take from the other. A stream whose half of ours the application aborted counts until its session ends.
   */
  readonly maxStreams: number;
  /**
   * Origins that browsers may come from beside that of the server itself, in their serialised form, or `"*"`. Clients
   * that send no `origin` are no browsers and may always come.
   */
  readonly origins: ReadonlySet<string>;
}
