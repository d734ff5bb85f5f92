/**
 * Programs around a QUIC listener, for what needs a process: `deno run quic_main.ts WHAT`.
 *
 * - `listen`: opens a listener and prints why it cannot.
 * - `exit`: closes a listener and exits at once; prints how the client of another process may reach it first.
 * - `collect`: forgets all streams, collects garbage, and prints what the client saw of them; needs `--expose-gc`.
 */

// deno-lint-ignore-file no-console -- its output is what the test looks at

import type { BackendName } from "../../../src/quic/deno.ts";
import { listenQuic } from "../../../src/quic/deno.ts";
import { connectTo, listenOptions } from "../quic_pair.ts";
import { pause } from "../waiting.ts";

const [what, backend] = Deno.args as [string, BackendName];

if (what === "listen") {
  try {
    await listenQuic(listenOptions()).close(0, "");
    console.log("open");
  } catch (error) {
    console.log(String(error));
  }
} else if (what === "exit") {
  const listener = listenQuic(listenOptions({ backend }));
  console.log(listener.addr.port);
  await listener.accept();
  await listener.close(0x100, "bye");
  Deno.exit();
} else {
  console.log(await collect(backend));
}

/** What a client sees of streams that nobody but the connection holds. */
async function collect(backend: BackendName): Promise<string> {
  const listener = listenQuic(listenOptions({ backend }));
  const { connection, native } = await connectTo(listener);
  const stream = await native.createBidirectionalStream();
  await stream.writable.getWriter().write(new Uint8Array(1));
  await takeAndForget();
  const control = await native.incomingUnidirectionalStreams.getReader().read();
  const seen: string[] = [];
  watch("answer", stream.readable);
  watch("control", control.value!);
  await collectGarbage();
  // New connections: the listener of the first identity must not be collected either.
  const renewed = await connectTo(listener);
  renewed.native.endpoint.close();
  native.endpoint.close();
  await listener.close(0, "");
  return seen.length === 0 ? "nothing ended" : seen.join(", ");

  async function takeAndForget(): Promise<void> {
    const taken = await connection.acceptBidirectional();
    await taken!.receive.read();
    await taken!.send.write(new Uint8Array(1));
    taken!.send.abandon();
    await (await connection.openUnidirectional()).write(new Uint8Array(1));
    listener.setIdentity(listenOptions());
  }

  async function watch(name: string, readable: ReadableStream<Uint8Array>): Promise<void> {
    const reader = readable.getReader();
    await reader.read();
    await reader.read().then(() => seen.push(`${name} ended`), () => {});
  }
}

async function collectGarbage(): Promise<void> {
  const { gc } = globalThis as { readonly gc?: () => void };
  for (let round = 0; round < 5; round++) {
    gc!();
    await pause(20); // finalizers run in between, and what they send arrives
  }
}
