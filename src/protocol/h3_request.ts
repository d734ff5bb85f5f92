/**
 * One request stream from its first byte to the end of both halves.
 *
 * @module
 */

import { ApplicationError, DisconnectError } from "../errors.ts";
import type { Application, PeerInfo } from "../exchange.ts";
import { NO_CONTENT } from "../fields.ts";
import { H3, H3Error, type H3RequestHead, type RequestStream, sendOrder } from "../h3/mod.ts";
import { asError } from "../misuse.ts";
import { type QuicBidirectionalStream, StreamResetError } from "../quic/transport.ts";
import { dateField } from "./date_field.ts";
import { H3Content, H3RequestReader } from "./h3_content.ts";
import type { H3Owner } from "./h3_context.ts";
import { H3Exchange } from "./h3_exchange.ts";
import { H3ResponseWriter } from "./h3_response.ts";
import { mergeFields } from "./response_fields.ts";
import type { Refusal } from "./serve_context.ts";

const INCOMPLETE = "The application returned without completing its response";

/** Reads one request, runs the application, and sees both halves to their end. */
export class H3Request {
  readonly #stream: QuicBidirectionalStream;
  readonly #machine: RequestStream;
  readonly #reader: H3RequestReader;
  readonly #writer: H3ResponseWriter;
  readonly #owner: H3Owner;
  readonly #peer: PeerInfo;
  readonly #sent = Promise.withResolvers<void>();
  #content: H3Content | undefined;
  #exchange: H3Exchange | undefined;

  constructor(
    stream: QuicBidirectionalStream,
    machine: RequestStream,
    owner: H3Owner,
    peer: PeerInfo,
  ) {
    this.#stream = stream;
    this.#machine = machine;
    this.#owner = owner;
    this.#peer = peer;
    this.#reader = new H3RequestReader(stream.receive, machine, owner);
    this.#writer = new H3ResponseWriter(stream.send, {
      onLost: (error) => this.#exchange?.onLost(error, null),
      onTruncated: () => owner.breakOff(),
      onDone: () => this.#sent.resolve(),
    });
  }

  /** The instructions its field section waited for are there. */
  unblock(): void {
    this.#reader.unblock();
  }

  /** The connection is over. */
  lose(error: unknown): void {
    this.#exchange?.onLost(error, null);
  }

  /**
   * Serves the request. Settles when both halves are over, whether or not the application has returned; never rejects.
   *
   * @param onHandled Called when the application has returned.
   */
  async run(application: Application, onHandled: () => void): Promise<void> {
    void this.#serve(application).catch((error) => this.#owner.fail(error)).finally(onHandled);
    await this.#sent.promise;
    this.#content?.discard();
    await this.#content?.done;
    this.#machine.close();
    this.#owner.flush(); // a stream cancellation for the encoder of the peer
  }

  async #serve(application: Application): Promise<void> {
    const head = await this.#readHead();
    if (head === null) return;
    this.#prioritise();
    const content = this.#content = new H3Content(
      this.#reader,
      (error) => this.#onReadError(error),
    );
    const refusal = judge(head, this.#owner);
    if (refusal) return this.#answer(refusal, head.method);
    const exchange = this.#exchange = new H3Exchange({
      head,
      peer: this.#peer,
      machine: this.#machine,
      content,
      writer: this.#writer,
      owner: this.#owner,
    });
    const { inFlight } = this.#owner.settings;
    inFlight.add(exchange);
    try {
      await application.http(exchange);
      if (exchange.state !== "ended") {
        throw exchange.signal.aborted ? new DisconnectError() : new ApplicationError(INCOMPLETE);
      }
    } catch (error) {
      this.#report(asError(error), head);
      exchange.abort(asError(error));
    }
    await this.#sent.promise;
    inFlight.delete(exchange);
  }

  /** RFC 9218: without a priority of its own a stream keeps the transport's default, which costs nothing. */
  #prioritise(): void {
    const { id, send } = this.#stream;
    const order = sendOrder(this.#machine.priority, id);
    if (order !== 0) send.setSendOrder(order);
  }

  /** The head, or `null` when there is none and everything about that is done. */
  async #readHead(): Promise<H3RequestHead | null> {
    try {
      const event = await this.#reader.next();
      if (event.type === "head") return event.head;
      this.#writer.finish(); // the connection ended
    } catch (error) {
      const malformed = this.#judgeError(error);
      this.#reader.stop();
      if (malformed) this.#answer(malformed, "");
      else this.#writer.finish(); // nothing was sent, so nothing can look complete
    }
    return null;
  }

  /** Reading failed after the head. */
  #onReadError(error: unknown): void {
    const malformed = this.#judgeError(error);
    this.#reader.stop();
    const exchange = this.#exchange;
    if (!exchange || exchange.onLost(error, malformed?.status ?? null) || !malformed) return;
    // The response has begun, and the transport cannot reset it (RFC 9114 §4.1.2).
    this.#owner.fail(new H3Error(H3.MESSAGE_ERROR, malformed.message));
  }

  /** What to answer an error of the request itself with; `null` when there is nobody to answer. */
  #judgeError(error: unknown): Refusal | null {
    if (error instanceof H3Error && error.scope === "stream") {
      return { status: error.status ?? 400, message: error.message };
    }
    if (error instanceof StreamResetError) this.#reset(error.code);
    else this.#owner.fail(error);
    return null;
  }

  #reset(code: number): void {
    try {
      this.#machine.reset(code);
    } catch (error) {
      this.#owner.fail(error); // too many of them
    }
  }

  /** An answer of the server itself. */
  #answer({ status, message, fields = [] }: Refusal, method: string): void {
    const { responseFields, includeDateHeader, reporter } = this.#owner.settings;
    reporter.refused(method, status, message);
    const all = mergeFields([...NO_CONTENT, ...fields], responseFields.http3);
    const head = this.#machine.encodeHead(
      status,
      includeDateHeader ? [...all, dateField()] : all,
    );
    this.#owner.flush();
    this.#writer.sendAll(head);
  }

  #report(error: Error, { method, authority, target }: H3RequestHead): void {
    const { reporter } = this.#owner.settings;
    const url = `https://${authority}${target}`;
    if (error instanceof DisconnectError) reporter.disconnected(error, method, url);
    else reporter.failed(error, method, url);
  }
}

/** What the server refuses before the application sees it. The form of the request was checked already. */
function judge({ method, authority }: H3RequestHead, { settings }: H3Owner): Refusal | null {
  if (method === "CONNECT") {
    return { status: 501, message: "CONNECT is for proxies, this is an origin server" };
  }
  const { serverNames } = settings;
  if (serverNames && !serverNames.has(authority.toLowerCase())) {
    return { status: 404, message: `Host ${JSON.stringify(authority)} is not in server_names` };
  }
  return null;
}
