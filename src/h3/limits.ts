/**
 * Limits of the HTTP/3 layer that are not configuration options, each with its unit, reason and precedent.
 *
 * @module
 */

/**
 * Bytes of payload a control frame may have (SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, PRIORITY_UPDATE). Ten
 * settings take some 60 bytes, a priority a dozen; the frame is held in memory until it is complete.
 */
export const MAX_CONTROL_PAYLOAD_BYTES = 256;

/** Bytes of a field name. The longest registered one has 57 (RFC 9110 §16.3.1), and names become keys of objects. */
export const MAX_FIELD_NAME_BYTES = 256;

/** Bytes of a field value: what a whole field section has by default, so that one long cookie may fill it. */
export const MAX_FIELD_VALUE_BYTES = 64 * 1024;

/** Bytes of QPACK encoder instructions that may wait for a peer which gives our encoder stream no credit. */
export const QPACK_ENCODER_BACKLOG_BYTES = 128 * 1024;

/**
 * Bytes of QPACK decoder instructions that may wait likewise. A request adds some three; without a bound a connection
 * that asks for ever and never takes them would take memory for ever.
 */
export const QPACK_DECODER_BACKLOG_BYTES = 64 * 1024;

/**
 * Odd events at once: legal input that does nothing, such as unknown frames, unknown streams, empty DATA frames and
 * resets; and what may be asked but not all the time, such as other priorities. Each costs us work and the peer next to
 * nothing. Browsers cause a few in a page: GREASE, and a reset for every picture that was scrolled away.
 */
export const ODDITY_BURST = 1_000;

/** Odd events a second over time, cf. {@linkcode ODDITY_BURST}. */
export const ODDITIES_PER_SECOND = 33;

/**
 * How many bytes may arrive for one byte of content or fields, beyond {@linkcode OVERHEAD_ALLOWANCE_BYTES}. Frame
 * headers of any sensible size are a few percent. The rule and its figures are nginx's.
 */
export const OVERHEAD_RATIO = 8;

/** Bytes of payload every connection is taken to have had, so that a young one may have overhead. */
export const OVERHEAD_ALLOWANCE_BYTES = 1024 * 1024;
