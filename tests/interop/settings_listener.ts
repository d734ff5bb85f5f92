/**
 * A server that reads what clients say in SETTINGS, and nothing else of theirs.
 *
 * @module
 */

import { createHash, X509Certificate } from "node:crypto";
import { decodeVarint, FRAME, FrameReader, STREAM, varintLength } from "../../src/h3/mod.ts";
import { listenQuic } from "../../src/quic/deno.ts";
import type { QuicListener, QuicReceiveStream } from "../../src/quic/transport.ts";
import { makeDevCertificate } from "../../src/server/dev_certificate.ts";
import { listenOptions } from "../_support/quic_pair.ts";

/** One such server, on 127.0.0.1. */
export class SettingsListener implements AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** SHA-256 of its certificate, in base64; browsers trust it by that. */
  readonly certificateHash: string;
  readonly #listener: QuicListener;

  private constructor(listener: QuicListener, certificateHash: string) {
    this.url = `https://127.0.0.1:${listener.addr.port}`;
    this.certificateHash = certificateHash;
    this.#listener = listener;
  }

  /** Listens. */
  static async start(): Promise<SettingsListener> {
    const { cert, key } = await makeDevCertificate();
    const { raw } = new X509Certificate(cert);
    const hash = createHash("sha256").update(raw).digest("base64");
    return new SettingsListener(listenQuic(listenOptions({ cert, key })), hash);
  }

  /** Identifiers of the settings of the next client. */
  async next(): Promise<ReadonlySet<number>> {
    const connection = await this.#listener.accept();
    for (;;) {
      const stream = await connection!.acceptUnidirectional();
      const first = await stream!.read();
      if (first![0] === STREAM.CONTROL) return await readSettings(stream!, first!.subarray(1));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener.close(0, "");
  }
}

async function readSettings(
  stream: QuicReceiveStream,
  first: Uint8Array,
): Promise<ReadonlySet<number>> {
  const reader = new FrameReader({ admit: () => "whole" });
  reader.receive(first);
  let frame = reader.next();
  for (; frame === null; frame = reader.next()) reader.receive((await stream.read())!);
  if (frame.type !== FRAME.SETTINGS) throw new Error(`The first frame is ${frame.type}`);
  return identifiersIn(frame.payload);
}

/** A payload is pairs of integers: identifier, value. */
function identifiersIn(payload: Uint8Array): ReadonlySet<number> {
  const integers: number[] = [];
  for (let offset = 0; offset < payload.length; offset += varintLength(payload[offset]!)) {
    integers.push(decodeVarint(payload, offset));
  }
  return new Set(integers.filter((_, index) => index % 2 === 0));
}
