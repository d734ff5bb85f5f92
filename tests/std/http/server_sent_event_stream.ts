/**
 * Offline stand-in for `jsr:@std/http/server-sent-event-stream`.
 *
 * @module
 */

/** One message of an event stream; every field may be absent. */
export interface ServerSentEventMessage {
  /** Text that clients ignore, useful to keep a connection busy. */
  comment?: string;
  /** Type of the event; must not contain a line break. */
  event?: string;
  /** Content of the event; each line becomes one `data:` line. */
  data?: string;
  /** Becomes the client's last event ID; must not contain a line break. */
  id?: string | number;
  /** Reconnection time in milliseconds. */
  retry?: number;
}

const LINE_BREAK = /\r\n|\r|\n/;

/** Turns messages into the bytes of a `text/event-stream` response. */
export class ServerSentEventStream extends TransformStream<ServerSentEventMessage, Uint8Array> {
  /** Creates the stream; a message it cannot encode errors it with a `SyntaxError`. */
  constructor() {
    const encoder = new TextEncoder();
    super({
      transform: (message, controller) => {
        controller.enqueue(encoder.encode(encodeMessage(message)));
      },
    });
  }
}

function encodeMessage({ comment, event, data, id, retry }: ServerSentEventMessage): string {
  const lines: string[] = [];
  for (const line of comment?.split(LINE_BREAK) ?? []) lines.push(`:${line}`);
  if (event !== undefined) lines.push(`event:${oneLine("message.event", event)}`);
  for (const line of data?.split(LINE_BREAK) ?? []) lines.push(`data:${line}`);
  if (id !== undefined) lines.push(`id:${oneLine("message.id", String(id))}`);
  if (retry !== undefined) lines.push(`retry:${retry}`);
  return `${lines.join("\n")}\n\n`;
}

function oneLine(field: string, value: string): string {
  if (!LINE_BREAK.test(value)) return value;
  throw new SyntaxError(`Cannot serialize message: \`${field}\` cannot contain a newline`);
}
