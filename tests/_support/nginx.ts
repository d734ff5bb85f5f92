/**
 * nginx on loopback, with a configuration of the repository.
 *
 * @module
 */

import { accepts, freePort, isInstalled } from "./server_process.ts";
import { CERTIFICATE_PATH, KEY_PATH } from "./certificates.ts";
import { pause } from "./waiting.ts";

/** Milliseconds nginx has to start. */
const PATIENCE_MS = 60_000;

/** Why nginx cannot be used, or `undefined` when it can. */
export const NGINX_MISSING: string | undefined = await isInstalled("nginx", "-v")
  ? undefined
  : "nginx is not installed";

/** Whether this nginx knows the directive `http2`, which 1.25.1 brought. */
async function knowsHttp2(): Promise<boolean> {
  const { stderr } = await new Deno.Command("nginx", { args: ["-v"] }).output();
  const version = /nginx\/(\d+)\.(\d+)\.(\d+)/.exec(new TextDecoder().decode(stderr));
  const [major = 0, minor = 0, patch = 0] = (version ?? []).slice(1).map(Number);
  return major * 1e6 + minor * 1e3 + patch >= 1_025_001;
}

/** A running nginx; disposing ends it. */
export class Nginx implements AsyncDisposable {
  /** Where it speaks HTTP. */
  readonly plainUrl: string;
  /** Where it speaks HTTPS, with the certificate of the tests. */
  readonly secureUrl: string;
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;

  private constructor(child: Deno.ChildProcess, folder: string, plain: number, secure: number) {
    this.#child = child;
    this.#folder = folder;
    this.plainUrl = `http://127.0.0.1:${plain}`;
    this.secureUrl = `https://127.0.0.1:${secure}`;
  }

  /**
   * Starts nginx.
   *
   * @param text What stands between the braces of `http`, for ports 80 and 443 and an upstream on port 8000.
   * @param upstreamPort Port of the upstream in place of 8000.
   */
  static async start(text: string, upstreamPort: number): Promise<Nginx> {
    const [plain, secure] = [freePort(), freePort()];
    const adapted = replaceAll(text, [
      ["listen 80;", `listen 127.0.0.1:${plain};`],
      ["listen 443 ssl;", `listen 127.0.0.1:${secure} ssl;`],
      ["http2 on;", await knowsHttp2() ? "http2 on;" : ""],
      ["server 127.0.0.1:8000;", `server 127.0.0.1:${upstreamPort};`],
      ["/etc/ssl/example.com.pem", CERTIFICATE_PATH],
      ["/etc/ssl/example.com.key", KEY_PATH],
    ]);
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/nginx.conf`, wholeConfiguration(adapted, folder));
    const child = new Deno.Command("nginx", {
      args: ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", "stderr"],
      stdin: "null",
      stdout: "null",
    }).spawn();
    const nginx = new Nginx(child, folder, plain, secure);
    try {
      await nginx.#untilReady(plain);
      return nginx;
    } catch (error) {
      await nginx[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it is gone already
    }
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #untilReady(port: number): Promise<void> {
    let ended = false;
    this.#child.status.then(() => ended = true);
    const expired = performance.now() + PATIENCE_MS;
    while (!await accepts(port)) {
      if (ended) throw new Error("nginx ended at once; its reason is above");
      if (performance.now() > expired) throw new Error(`nginx does not accept on port ${port}`);
      await pause(20);
    }
  }
}

/** A process of its own, in the foreground, that writes nowhere but into `folder`. */
function wholeConfiguration(http: string, folder: string): string {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
access_log off;
${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n")}
${http}
}
`;
}

/** Each pair must be found: a configuration that was changed must not go untested. */
function replaceAll(text: string, pairs: readonly (readonly [string, string])[]): string {
  for (const [from, to] of pairs) {
    if (!text.includes(from)) throw new Error(`The configuration has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}
