/**
 * {@link H3Client} that drives a headless Chromium over the DevTools protocol: Google's QUIC and a real browser's rules.
 *
 * @see {@link https://chromedevtools.github.io/devtools-protocol/ | Chrome DevTools Protocol}
 * @module
 */

import { spkiHash } from "../../src/server/dev_certificate.ts";
import { CERTIFICATE } from "./certificates.ts";
import { withDeadline } from "./deadline.ts";
import { DevTools } from "./devtools.ts";
import { findCommand, type H3Client, type H3Tool } from "./h3_tools.ts";

const COMMAND = await findCommand("chromium", "chromium-browser", "google-chrome");

/** Milliseconds for a start. */
const PATIENCE_MS = 60_000;

/** Why there is no Chromium; `undefined` when there is. */
export const CHROMIUM_MISSING: string | undefined = COMMAND === null
  ? 'no Chromium is installed (Debian package "chromium")'
  : undefined;

/** The tool; it speaks HTTP/3 to the port because it is told to. */
export const CHROMIUM: H3Tool = {
  name: "Chromium",
  missing: CHROMIUM_MISSING,
  connect: async (port) => {
    const chromium = await Chromium.start(`localhost:${port}`);
    await chromium.open(`https://localhost:${port}/`);
    return chromium;
  },
};

/** How to start a browser. */
export interface ChromiumOptions {
  /** The certificate it takes although nobody vouches for it, PEM. Default: the test certificate. */
  readonly certificate?: string;
  /** Names of features to switch on that are off by default. */
  readonly features?: readonly string[];
}

/** A browser with one page. */
export class Chromium implements H3Client {
  readonly #process: Deno.ChildProcess;
  readonly #profile: string;
  readonly #stderr: Promise<void>;
  readonly #pages: DevTools;

  private constructor(
    process: Deno.ChildProcess,
    profile: string,
    stderr: Promise<void>,
    pages: DevTools,
  ) {
    this.#process = process;
    this.#profile = profile;
    this.#stderr = stderr;
    this.#pages = pages;
  }

  /**
   * Starts a browser.
   *
   * @param forced `HOST:PORT` to speak HTTP/3 to without being told by Alt-Svc. QUIC to a host with a certificate of our
   * own works only when some port of that host is named here; the port may be one that nobody uses.
   */
  static async start(forced: string, options: ChromiumOptions = {}): Promise<Chromium> {
    const { certificate = CERTIFICATE, features = [] } = options;
    const profile = await Deno.makeTempDir({ prefix: "chromium-" });
    const process = new Deno.Command(COMMAND!, {
      args: [
        ...["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"],
        ...["--no-first-run", "--disable-background-networking", "--disable-extensions"],
        `--user-data-dir=${profile}`,
        `--ignore-certificate-errors-spki-list=${spkiHash(certificate)}`,
        `--origin-to-force-quic-on=${forced}`,
        `--enable-features=${features.join(",")}`,
        "--host-resolver-rules=MAP localhost 127.0.0.1", // QUIC tries one address only, ::1
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const announced = Promise.withResolvers<string>();
    const stderr = readAddress(process.stderr, announced);
    try {
      const browser = await withDeadline(announced.promise, "Chromium's address", PATIENCE_MS);
      const response = await fetch(`http://${new URL(browser).host}/json/list`);
      const targets: { type: string; webSocketDebuggerUrl: string }[] = await response.json();
      const page = targets.find(({ type }) => type === "page");
      if (page === undefined) throw new Error("Chromium has opened no page");
      const pages = await DevTools.connect(page.webSocketDebuggerUrl);
      return new Chromium(process, profile, stderr, pages);
    } catch (error) {
      await end(process, stderr, profile);
      throw error;
    }
  }

  /** Navigates and waits until the page is loaded. @throws {Error} When it cannot be. */
  async open(url: string): Promise<void> {
    await this.#pages.call("Page.enable", {});
    const loaded = this.#pages.next("Page.loadEventFired");
    const { errorText } = await this.#pages.call("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`Chromium cannot open ${url}: ${errorText}`);
    await loaded;
  }

  /** Runs a script in the page; value of the expression, awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#pages.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`The script in the page failed: ${exceptionDetails.exception?.description}`);
  }

  /** Waits until an expression is truthy in the page, looking again whenever the document changes. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => (${expression}) && (observer.disconnect(), resolve());
      const observer = new MutationObserver(look);
      const everything = { subtree: true, childList: true, characterData: true, attributes: true };
      observer.observe(document, everything);
      look();
    })`);
  }

  /** The whole page as it looks at so many pixels' width to who wants light or dark colours; PNG. */
  async screenshot(width: number, colors: "light" | "dark"): Promise<Uint8Array<ArrayBuffer>> {
    const metrics = { width, height: 800, deviceScaleFactor: 2, mobile: true };
    await this.#pages.call("Emulation.setDeviceMetricsOverride", metrics);
    const features = [{ name: "prefers-color-scheme", value: colors }];
    await this.#pages.call("Emulation.setEmulatedMedia", { features });
    await this.evaluate("new Promise((drawn) => setTimeout(drawn, 300))"); // what is live is drawn anew
    const options = { format: "png", captureBeyondViewport: true };
    const { data } = await this.#pages.call("Page.captureScreenshot", options);
    return Uint8Array.fromBase64(data as string);
  }

  /** The protocol by which the page came, as ALPN calls it. */
  pageProtocol(): Promise<string> {
    return this.evaluate(`performance.getEntriesByType("navigation")[0].nextHopProtocol`);
  }

  get(targets: readonly string[]): Promise<string[]> {
    return this.evaluate(`Promise.all(${JSON.stringify(targets)}.map(async (target) => {
      const response = await fetch(target, { cache: "no-store" });
      if (response.status !== 200) throw new Error("Status " + response.status);
      return await response.text();
    }))`);
  }

  download(target: string): Promise<string> {
    return this.evaluate(`(async () => {
      const response = await fetch(${JSON.stringify(target)}, { cache: "no-store" });
      const sum = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
      return new Uint8Array(sum).toHex();
    })()`);
  }

  /** What it uploads it has downloaded before: a browser has no other source of that much that is not a script itself. */
  upload(target: string, size: number): Promise<string> {
    return this.evaluate(`(async () => {
      const body = await (await fetch("/content?${size}", { cache: "no-store" })).blob();
      return await (await fetch(${JSON.stringify(target)}, { method: "POST", body })).text();
    })()`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pages.close();
    await end(this.#process, this.#stderr, this.#profile);
  }
}

/** Reads standard error to its end; its first lines say where DevTools listens. */
async function readAddress(
  stderr: ReadableStream<Uint8Array>,
  announced: PromiseWithResolvers<string>,
): Promise<void> {
  let text = "";
  for await (const piece of stderr.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (url !== undefined) announced.resolve(url);
  }
  announced.reject(new Error(`Chromium ended:\n${text}`));
  announced.promise.catch(() => {}); // when it had been announced before
}

async function end(
  process: Deno.ChildProcess,
  stderr: Promise<void>,
  profile: string,
): Promise<void> {
  try {
    process.kill("SIGTERM"); // it ends its own children
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it is gone already
  }
  await process.status;
  await stderr;
  await Deno.remove(profile, { recursive: true });
}
