/**
 * Limits of the WebSocket layer that are not configuration options, each with its unit, reason and precedent.
 *
 * @module
 */

/**
 * Frames one message may come in. The largest message that is allowed by default, 16 MiB, may be cut into frames of
 * 16 KiB, while tiny frames cost us far more work than the peer.
 */
export const MAX_FRAGMENTS = 1024;

/** Control frames at once: legal input that does nothing. As in HTTP/3 for what is odd; clients send one in seconds. */
export const CONTROL_FRAME_BURST = 1_000;

/** Control frames a second over time, cf. {@linkcode CONTROL_FRAME_BURST}. */
export const CONTROL_FRAMES_PER_SECOND = 33;

/**
 * Pongs that may wait to be sent. RFC 6455 §5.5.3 asks for an answer to the latest ping alone; clients that send a few
 * at once expect an answer to each, and this many cost 2 KiB.
 */
export const MAX_WAITING_PONGS = 16;

/**
 * Bytes from which on a message is compressed: smaller ones gain nothing worth the work without a shared context.
 * As in the package `ws`.
 */
export const MIN_DEFLATE_BYTES = 1024;
