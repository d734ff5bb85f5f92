import assert from "node:assert/strict";
import { CHROMIUM, Chromium } from "../_support/chromium.ts";
import { testWithTool } from "../_support/h3_tools.ts";
import { LogSink } from "../_support/log_sink.ts";
import { quicPort, startH3, tcpPort } from "./h3_server.ts";

/** Loads of the page within which Alt-Svc must have been taken up: the first ones race the new connection. */
const LOADS = 20;

testWithTool(CHROMIUM, "Chromium uses HTTP/3 when it is told to", async () => {
  await using server = await startH3(new LogSink());
  const port = quicPort(server);
  await using browser = await Chromium.start(`localhost:${port}`);
  await browser.open(`https://localhost:${port}/`);
  assert.equal(await browser.pageProtocol(), "h3");
  assert.deepEqual(await browser.get(["/version"]), ["3"]);
});

testWithTool(CHROMIUM, "Chromium finds HTTP/3 through Alt-Svc of the TCP side", async () => {
  await using server = await startH3(new LogSink());
  const url = `https://localhost:${tcpPort(server)}/`;
  await using browser = await Chromium.start("localhost:1"); // no port of ours, so Alt-Svc has to tell
  const protocols: string[] = [];
  while (protocols.at(-1) !== "h3" && protocols.length < LOADS) {
    await browser.open(url);
    protocols.push(await browser.pageProtocol());
  }
  assert.equal(protocols[0], "h2");
  assert.equal(protocols.at(-1), "h3", `Chromium used ${protocols.join(", ")}`);
  assert.deepEqual(await browser.get(["/version"]), ["3"]);
});

/** Chromium has WebSockets over HTTP/3, but not by default. */
const SOCKETS = [
  { features: [], version: "1.1", how: "uses HTTP/1.1 for WebSockets" },
  {
    features: ["EnableWebsocketsOverHttp3"],
    version: "3",
    how: "uses HTTP/3 for them when told to",
  },
];

for (const { features, version, how } of SOCKETS) {
  testWithTool(CHROMIUM, `Chromium ${how}`, async () => {
    await using server = await startH3(new LogSink());
    const host = `localhost:${tcpPort(server)}`;
    await using browser = await Chromium.start("localhost:1", { features });
    let results: unknown[] = [];
    // See above; and the server's SETTINGS, without which it takes HTTP/1.1, may come after the page.
    for (let load = 0; load < LOADS && results[0] !== version; load++) {
      await browser.open(`https://${host}/`);
      if (await browser.pageProtocol() === "h3") results = await browser.evaluate(script(host));
    }
    assert.deepEqual(results, [version, "é€😀", true, 3456, true]);
  });
}

/** What the page does with a WebSocket; gives the version that the server saw, and what came back. */
function script(host: string): string {
  return `(async () => {
      const socket = new WebSocket("wss://${host}/socket");
      socket.binaryType = "arraybuffer";
      const next = () => new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data));
      const version = await next();
      socket.send("é€😀");
      const text = await next();
      const bytes = new Uint8Array(1_000_000).map((_, index) => index % 251);
      socket.send(bytes);
      const back = new Uint8Array(await next());
      const same = back.length === bytes.length && back.every((byte, index) => byte === index % 251);
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close(3456, "Enough");
      const { code, wasClean } = await closed;
      return [version, text, same, code, wasClean];
    })()`;
}
