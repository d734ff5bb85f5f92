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
