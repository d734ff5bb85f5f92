/**
 * Datagrams of QUIC, and a plain UDP socket to send them from.
 *
 * @module
 */

import { connect } from "./quic_pair.ts";

/** A plain UDP socket. */
export interface UdpSocket extends Disposable {
  /** Its own port. */
  readonly port: number;
  /** Sends a datagram to a port of the loopback. */
  send(bytes: Uint8Array, port: number): Promise<unknown>;
  /** Next datagram. */
  receive(): Promise<Uint8Array>;
}

/** Opens one. */
export function openSocket(): UdpSocket {
  const hostname = "127.0.0.1";
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  return {
    port: (socket.addr as Deno.NetAddr).port,
    send: (bytes, port) => socket.send(bytes, { transport: "udp", hostname, port }),
    receive: async () => (await socket.receive(new Uint8Array(2000)))[0],
    [Symbol.dispose]: () => socket.close(),
  };
}

/** First datagrams of so many clients: whole ClientHellos, to which nothing follows. */
export async function captureInitials(count: number): Promise<Uint8Array[]> {
  const captured: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    using socket = openSocket();
    const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
    const connecting = connect(socket.port, { endpoint }).catch(() => {});
    captured.push(await socket.receive());
    endpoint.close();
    await connecting;
  }
  return captured;
}
