/** The page of `examples/webtransport.ts` in Chromium. */

import assert from "node:assert/strict";
import { CHROMIUM, Chromium } from "../_support/chromium.ts";
import { testWithTool } from "../_support/h3_tools.ts";
import { Program } from "../_support/program.ts";
import { REPOSITORY } from "../_support/repository.ts";
import { freePort } from "../_support/server_process.ts";

/** Pictures to take: widths of a desktop and of a phone. */
const PICTURES = [
  { name: "desktop", width: 1000, colors: "light" },
  { name: "dark", width: 1000, colors: "dark" },
  { name: "phone", width: 375, colors: "light" },
] as const;

/** Where pictures go, `PATH.png`, which their names are added to; none are taken without it. */
const SCREENSHOT = Deno.env.get("SCREENSHOT")?.replace(/\.png$/, "");

testWithTool(CHROMIUM, "examples/webtransport.ts has a page that works in Chromium", async () => {
  const [plain, secure] = [`127.0.0.1:${freePort()}`, `127.0.0.1:${freePort()}`];
  const args = ["run", "-A", "examples/webtransport.ts", plain, secure];
  await using program = await Program.start(args, REPOSITORY, 3);
  await using browser = await Chromium.start("localhost:1");
  const page = new Page(browser);
  await browser.open(`http://${plain}/`);

  await page.shows("state", /^Connected$/);
  assert.equal(await page.text("protocol"), "demo.v1");
  assert.equal(await page.text("server"), secure);
  await page.shows("datagrams", /\t[\d.]+ ms\t[\d.]+ ms\t\d+$/);
  await page.shows("streams", /\t[\d.]+ ms\t[\d.]+ ms\t\d+$/);
  await page.shows("news", /^\d\d:\d\d:\d\d UTC, sessions: 1$/);
  await page.submit("echo");
  await page.shows("answer", /^Hello \([\d.]+ ms\)$/);
  await page.draws(SCREENSHOT === undefined ? 10 : 60);
  await takePictures(browser);

  await page.submit("end", "server");
  await page.shows("state", /^Closed with code 7: Enough$/);
  await program.says(/^Session closed: 7 Enough$/m);
  await page.click("again");
  await page.shows("state", /^Connected$/);
  await page.submit("end", "page");
  await page.shows("state", /^Closed with code 7: Enough$/);
  await program.says(/^(Session closed: 7 Enough\n){2}/m);

  await browser.evaluate(`(async () => {
    const { url, hash } = await (await fetch("/target")).json();
    const value = Uint8Array.from(atob(hash), (byte) => byte.charCodeAt(0));
    const options = { serverCertificateHashes: [{ algorithm: "sha-256", value }] };
    const session = new WebTransport(url, options);
    globalThis.order = async (text) =>
      new Blob([text]).stream().pipeTo(await session.createUnidirectionalStream());
    globalThis.ended = session.closed;
    await session.ready;
    await order("Close, please");
  })()`);
  await program.says(/^No order: SyntaxError/m);
  const code = await browser.evaluate(`order('{ "closeCode": 9 }')
    .then(() => ended, () => ended).then(({ closeCode }) => closeCode)`);
  assert.equal(code, 9);

  await browser.open(`http://localhost:${new URL(`http://${plain}`).port}/`); // another origin
  await page.shows("state", /^Connected$/);
  program.stop();
  await page.shows("state", /^Closed with code 1: The server stops$/);
  assert.equal(await program.exitCode(), 0, program.stderr);
  assert.doesNotMatch(program.stderr, /\[(WARN|ERROR)\]|error:/i);
});

/** The page's elements, by their ids. */
class Page {
  readonly #browser: Chromium;

  constructor(browser: Chromium) {
    this.#browser = browser;
  }

  text(id: string): Promise<string> {
    return this.#browser.evaluate(`${element(id)}.innerText`);
  }

  shows(id: string, text: RegExp): Promise<void> {
    return this.#browser.until(`${text}.test(${element(id)}.innerText)`);
  }

  /** Waits until the chart has so many points of both kinds. */
  async draws(points: number): Promise<void> {
    for (const kind of ["datagram", "stream"]) {
      const path = `${element("chart")}.querySelector("path.${kind}")?.getAttribute("d")`;
      await this.#browser.until(`(${path} ?? "").split(/[ML]/).length > ${points}`);
    }
  }

  submit(id: string, button?: string): Promise<void> {
    const submitter = button && `${element(id)}.querySelector("[value=${button}]")`;
    return this.#browser.evaluate(`void ${element(id)}.requestSubmit(${submitter ?? ""})`);
  }

  click(id: string): Promise<void> {
    return this.#browser.evaluate(`void ${element(id)}.click()`);
  }
}

function element(id: string): string {
  return `document.getElementById("${id}")`;
}

/** Saves pictures of the page where the environment variable `SCREENSHOT` says. */
async function takePictures(browser: Chromium): Promise<void> {
  if (SCREENSHOT === undefined) return;
  for (const { name, width, colors } of PICTURES) {
    await Deno.writeFile(`${SCREENSHOT}-${name}.png`, await browser.screenshot(width, colors));
  }
}
