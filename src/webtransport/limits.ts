/**
 * Limits of WebTransport that are not configuration options, each with its unit, reason and precedent.
 *
 * @module
 */

/** Bytes of UTF-8 that the reason of a close may have (draft-ietf-webtrans-http3 §6). */
export const MAX_CLOSE_REASON_BYTES = 1024;

/**
 * Bytes of a datagram that comes in a capsule; a larger one is dropped, as RFC 9297 §3.5 allows. One that fits no packet
 * of an ordinary network is lost elsewhere, too, and a queue of datagrams counts on their being small.
 */
export const MAX_CAPSULE_DATAGRAM_BYTES = 1_500;
