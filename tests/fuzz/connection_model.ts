/**
 * A client that keeps every rule, and the server's machine: whatever it sends, in any order and cut anywhere, has to come
 * out as it was meant.
 *
 * The network is simulated: each stream is a queue of bytes, of which a part is delivered now and then.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { encodeFrame, FRAME, FrameReader } from "../../src/h3/frames.ts";
import {
  type ConnectionEvent,
  H3Connection,
  type Priority,
  type RequestStream,
} from "../../src/h3/mod.ts";
import { encodeSettings } from "../../src/h3/settings.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";
import { concat } from "../_support/bytes.ts";
import { merge, plainEvent } from "../h3/request_support.ts";
import {
  type Action,
  CLIENT,
  GREASE,
  linesOf,
  newRequest,
  Queue,
  type Request,
  SERVER,
  textsOf,
  TYPES,
} from "./connection_steps.ts";

/** Client, network and server. Every method throws when the server does other than it should. */
export class ConnectionModel {
  readonly server = new H3Connection(SERVER);
  /** Requests in the order they were made. */
  readonly requests: Request[] = [];
  readonly #encoder = new QPACKEncoder({ maxTableCapacity: 400, maxBacklog: 100_000 });
  readonly #decoder = new QPACKDecoder({
    maxTableCapacity: CLIENT.qpackMaxTableCapacity,
    maxBlockedStreams: CLIENT.qpackBlockedStreams,
    maxFieldSectionSize: CLIENT.maxFieldSectionSize,
    maxNameLength: 1000,
    maxValueLength: 1000,
  });
  /** The client's streams: control, encoder, decoder. */
  readonly #up = TYPES.map((type, index) => {
    const queue = new Queue();
    queue.push(type);
    return { queue, stream: this.server.unidirectional(2 + 4 * index) };
  });
  /** The server's encoder and decoder stream, without their types. */
  readonly #instructions = new Queue();
  readonly #acknowledgements = new Queue();
  /** Header sections of responses that the client has not read. */
  #responses: { readonly id: number; readonly section: Uint8Array; readonly fields: FieldList }[] =
    [];
  #nextUnknown = 14;
  #pushLimit = 0;
  #now = 0;
  /** Responses that the client read. */
  answered = 0;

  constructor() {
    this.#encoder.configure({
      maxTableCapacity: SERVER.qpackTableCapacity,
      maxBlockedStreams: SERVER.qpackBlockedStreams,
    });
    this.#control(encodeFrame(FRAME.SETTINGS, encodeSettings(CLIENT, { id: GREASE, value: 1 })));
  }

  /** Does one step; one that makes no sense now is left out. */
  act(action: Action): void {
    this.#now += 10;
    switch (action.do) {
      case "request":
        return this.#request(action.fields, action.content);
      case "unknown stream":
        return this.#unknownStream(action.length);
      case "session stream":
        return this.#sessionStream(action.both, new Uint8Array(action.length).fill(0x61));
      case "goaway":
        return this.#control(encodeFrame(FRAME.GOAWAY, encodeVarints(0)));
      case "allow pushes":
        return this.#control(encodeFrame(FRAME.MAX_PUSH_ID, encodeVarints(this.#pushLimit++)));
      case "reply":
        return this.#reply(action.length);
      case "leave":
        this.server.goaway(action.final);
        return void this.server.takeControl();
      case "deliver":
        return this.#deliver(action.stream, action.length);
      default:
        return this.#actOn(action, this.requests[action.stream % this.requests.length]);
    }
  }

  /** Everything arrives, and everything sent is what was read. */
  settle(): void {
    while (this.#deliverAll() || this.#replyAll()) { /* what arrives may lead to more */ }
    assert.equal(this.#responses.length, 0);
    assert.deepEqual(this.server.peerSettings, CLIENT);
    for (const request of this.requests) {
      if (request.reset) continue;
      assert.equal(request.machine!.blocked, false);
      assert.deepEqual(merge(request.events), merge(request.expected), `stream ${request.id}`);
      assert.deepEqual(request.machine!.priority, request.priority);
      request.machine!.close();
    }
    assert.equal(this.server.openRequests, 0);
  }

  /** Sends bytes on the client's control, encoder or decoder stream, after all that waits on it. */
  sendUp(index: 0 | 1 | 2, bytes: Uint8Array): void {
    this.#up[index]!.queue.push(bytes);
    this.#deliverUp(index, Infinity);
  }

  /** The client ends one of these streams. */
  endUp(index: 0 | 1 | 2, how: "finish" | "reset"): void {
    this.#deliverUp(index, Infinity);
    if (how === "finish") this.#up[index]!.stream.finish();
    else this.#up[index]!.stream.reset(0);
  }

  /** Another request stream, which the model knows nothing of. */
  openOther(): RequestStream {
    const last = this.requests.at(-1);
    if (last) this.#open(last);
    return this.server.request(4 * this.requests.length);
  }

  #control(bytes: Uint8Array): void {
    this.#up[0]!.queue.push(bytes);
  }

  #request(fields: FieldList, content: readonly number[]): void {
    if (this.requests.length >= SERVER.maxRequestStreams) return;
    const id = 4 * this.requests.length;
    const request = newRequest(id, fields, content);
    request.queue.push(this.#encode(id, linesOf(id, fields)));
    for (const text of textsOf(content)) {
      request.queue.push(encodeFrame(FRAME.DATA, new TextEncoder().encode(text)));
    }
    this.requests.push(request);
  }

  #encode(id: number, lines: FieldList): Uint8Array {
    const frame = encodeFrame(FRAME.HEADERS, this.#encoder.encode(id, lines));
    this.#up[1]!.queue.push(this.#encoder.take());
    return frame;
  }

  #unknownStream(length: number): void {
    const stream = this.server.unidirectional(this.#nextUnknown += 4);
    stream.receive(concat([encodeVarints(GREASE), new Uint8Array(length)]), this.#now);
    assert.ok(stream.discard);
    stream.finish();
  }

  /** A stream of a WebTransport session comes at once, and goes at once. */
  #sessionStream(both: boolean, rest: Uint8Array): void {
    const sessionId = 4 * (rest.length % SERVER.maxRequestStreams);
    const bytes = concat([encodeVarints(both ? 0x41 : 0x54, sessionId), rest]);
    if (both) {
      if (this.requests.length >= SERVER.maxRequestStreams) return;
      const taken = newRequest(4 * this.requests.length, [], []);
      this.requests.push(taken);
      taken.reset = true; // for the client there is nothing to do on this one any more
      const stream = this.#open(taken);
      stream.receive(bytes, this.#now);
      assert.deepEqual(stream.next(), { type: "webtransport", sessionId, rest });
      stream.close();
    } else {
      const stream = this.server.unidirectional(this.#nextUnknown += 4);
      assert.deepEqual(stream.receive(bytes, this.#now), []);
      assert.deepEqual(stream.webTransport, { sessionId, rest });
    }
  }

  #actOn(action: Exclude<Action, { do: "request" }>, request: Request | undefined): void {
    if (request === undefined || request.reset) return;
    if (action.do === "trailers" && !request.ended) {
      request.queue.push(this.#encode(request.id, action.fields));
      request.expected.push({ type: "trailers", fields: action.fields });
      request.ended = true;
    } else if (action.do === "unknown frame" && !request.finished) {
      request.queue.push(encodeFrame(GREASE, new Uint8Array(action.length)));
    } else if (action.do === "prioritize") {
      this.#prioritize(request, action.priority);
    } else if (action.do === "finish") {
      this.#finish(request);
    } else if (action.do === "reset") {
      this.#reset(request);
    } else if (action.do === "respond") {
      this.#respond(request, action.fields);
    }
  }

  #prioritize(request: Request, priority: Priority): void {
    const { urgency, incremental } = priority;
    const value = new TextEncoder().encode(`u=${urgency}${incremental ? ", i" : ""}`);
    const payload = concat([encodeVarints(request.id), value]);
    this.#control(encodeFrame(FRAME.PRIORITY_UPDATE_REQUEST, payload));
    request.priority = { urgency, incremental };
  }

  #finish(request: Request): void {
    if (request.finished) return;
    request.ended = request.finished = true;
    request.expected.push({ type: "end" });
  }

  #reset(request: Request): void {
    if (request.delivered) return; // FIN was received: the transport would not tell of a reset
    request.reset = true;
    request.queue.clear();
    const machine = this.#open(request);
    machine.reset(0x10c);
    assert.equal(machine.next(), null);
    machine.close();
    this.#responses = this.#responses.filter(({ id }) => id !== request.id);
    this.#decoder.cancel(request.id);
    this.#collect();
  }

  /** Transports open streams in the order of their ids, whatever arrives first (RFC 9000 §2.1). */
  #open(request: Request): RequestStream {
    for (const earlier of this.requests) {
      if (earlier.id <= request.id) earlier.machine ??= this.server.request(earlier.id);
    }
    return request.machine!;
  }

  #respond(request: Request, fields: FieldList): void {
    if (!request.events.some(({ type }) => type === "head")) return;
    const reader = new FrameReader({ admit: () => "whole" });
    reader.receive(request.machine!.encodeHead(200, fields));
    const section = reader.next()!.payload.slice();
    this.#responses.push({ id: request.id, section, fields: [[":status", "200"], ...fields] });
    this.#collect();
    this.#read(request.id);
  }

  /** Delivers on a request stream, or on one of the client's other streams. */
  #deliver(at: number, length: number): void {
    const index = at % (this.requests.length + this.#up.length);
    if (index < this.#up.length) this.#deliverUp(index, length);
    else this.#deliverRequest(this.requests[index - this.#up.length]!, length);
  }

  #deliverUp(index: number, length: number): void {
    const { queue, stream } = this.#up[index]!;
    for (const event of stream.receive(queue.take(length), this.#now)) this.#told(event);
    this.#collect();
  }

  #told(event: ConnectionEvent): void {
    if (event.type === "settings") return assert.deepEqual(event.settings, CLIENT);
    if (event.type === "goaway") return assert.equal(event.id, 0);
    const request = this.requests[event.streamId / 4]!;
    if (event.type === "priority") return assert.ok(request.machine); // settle() looks at the last one
    assert.ok(request.machine!.blocked);
    request.machine!.unblock();
    this.#drain(request);
  }

  #deliverRequest(request: Request, length: number): void {
    if (request.reset || request.delivered) return;
    const machine = this.#open(request);
    machine.receive(request.queue.take(length), this.#now);
    if (request.finished && request.queue.length === 0) {
      request.delivered = true;
      machine.finish();
    }
    this.#drain(request);
    this.#collect();
  }

  #drain(request: Request): void {
    const { machine, events } = request;
    for (let event = machine!.next(); event !== null; event = machine!.next()) {
      assert.notEqual(events.at(-1)?.type, "end", "an event after the end");
      events.push(plainEvent(event));
    }
    const blocked = this.requests.filter((request) => request.machine?.blocked);
    assert.ok(blocked.length <= SERVER.qpackBlockedStreams, `${blocked.length} are blocked`);
  }

  /** What the server has to say goes to the network. */
  #collect(): void {
    this.#instructions.push(this.server.takeEncoder());
    this.#acknowledgements.push(this.server.takeDecoder());
  }

  #reply(length: number): void {
    for (const id of this.#decoder.receive(this.#instructions.take(length))) this.#read(id);
    this.#encoder.receive(this.#acknowledgements.take(length));
    this.#up[2]!.queue.push(this.#decoder.take());
  }

  /** The client reads responses of one stream, in order, as far as it can. */
  #read(streamId: number): void {
    const own = this.#responses.filter(({ id }) => id === streamId);
    for (const response of own) {
      const lines = this.#decoder.decode(streamId, response.section);
      if (lines === null) break;
      assert.deepEqual(lines, response.fields);
      this.#responses.splice(this.#responses.indexOf(response), 1);
      this.answered++;
    }
    this.#up[2]!.queue.push(this.#decoder.take());
  }

  #deliverAll(): boolean {
    let moved = false;
    for (const [index, { queue }] of this.#up.entries()) {
      if (queue.length > 0) moved = true;
      this.#deliverUp(index, Infinity);
    }
    for (const request of this.requests) {
      if (!request.reset) this.#finish(request);
      if (!request.reset && !request.delivered) moved = true;
      this.#deliverRequest(request, Infinity);
    }
    return moved;
  }

  #replyAll(): boolean {
    const moved = this.#instructions.length + this.#acknowledgements.length > 0;
    this.#reply(Infinity);
    return moved;
  }
}
