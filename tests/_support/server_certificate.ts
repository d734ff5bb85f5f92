/**
 * The certificate that a server shows.
 *
 * @module
 */

import { connect } from "node:tls";

/** Asks the server at an `https:` URL for its certificate, trusting any; PEM. */
export function serverCertificate(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port: Number(port), rejectUnauthorized: false };
    const socket = connect(options, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      const lines = new Uint8Array(raw).toBase64().match(/.{1,64}/g)!;
      resolve(["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----"].join("\n"));
    });
    socket.on("error", reject);
  });
}
