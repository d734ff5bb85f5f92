// HTTP/3 requests by Bun's fetch. One line of JSON on standard output; exit code 1 when a single request failed.
//
//   bun load_client.js get URL [--seconds 1 | --requests 1000] [--concurrency 64] [--connections 1]
//       {"requests", "seconds", "failures"}; the time begins after a first request
//   bun load_client.js reset ORIGIN [--requests 1000] [--concurrency 64] [--connections 1]
//       the same; what it gives up: uploads to /sum, contents of /endless, and /slow before the answer
//   bun load_client.js texts ORIGIN TARGET...     {"texts"}, all requests at once
//   bun load_client.js download URL               {"bytes", "seconds", "sha256"}
//   bun load_client.js upload URL BYTES           {"bytes", "seconds", "answer"}
//
// One process is one connection as long as fewer than 100 requests are in flight; --connections starts more processes.

// deno-lint-ignore-file no-console -- a command line tool

import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { pieces } from "../../load/content.ts";

const HTTP3 = { protocol: "http3", tls: { rejectUnauthorized: false } };

const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  allowPositionals: true,
  options: {
    requests: { type: "string", default: "1000" },
    seconds: { type: "string" },
    concurrency: { type: "string", default: "64" },
    connections: { type: "string", default: "1" },
  },
});
const [mode, url, ...rest] = positionals;

async function ask(target, options) {
  const response = await fetch(target, { ...HTTP3, ...options });
  if (response.status !== 200) throw new Error(`Status ${response.status} of ${target}`);
  return response;
}

async function get() {
  await (await ask(url)).text();
  return await repeat(async () => void await (await ask(url)).text());
}

/** Ways to leave, each resolving once the request was given up. */
const LEAVING = [
  async (abandoned) => {
    const reader = (await ask(`${url}/endless`, { signal: abandoned.signal })).body.getReader();
    await reader.read();
    abandoned.abort();
    await reader.read();
  },
  async (abandoned) => {
    let pulls = 0;
    const body = new ReadableStream({
      async pull(controller) {
        await Bun.sleep(1);
        if (++pulls > 3) abandoned.abort();
        else controller.enqueue(new Uint8Array(1000));
      },
    });
    await ask(`${url}/sum`, { method: "POST", body, duplex: "half", signal: abandoned.signal });
  },
  async (abandoned) => {
    const answer = ask(`${url}/slow`, { signal: abandoned.signal });
    setTimeout(() => abandoned.abort(), 2);
    await answer;
  },
];

async function reset() {
  await (await ask(url)).text();
  let count = 0;
  return await repeat(async () => {
    const abandoned = new AbortController();
    try {
      await LEAVING[count++ % LEAVING.length](abandoned);
    } catch (error) {
      if (error.name === "AbortError") return;
      throw error;
    }
    throw new Error("The request was over before it could be given up");
  });
}

/** Does it again and again, several at a time. */
async function repeat(once) {
  const { requests, seconds, concurrency } = values;
  const started = performance.now();
  const end = seconds === undefined ? Infinity : started + Number(seconds) * 1000;
  const most = seconds === undefined ? Number(requests) : Infinity;
  let begun = 0;
  let failures = 0;
  await Promise.all(Array.from({ length: Number(concurrency) }, async () => {
    while (begun < most && performance.now() < end) {
      begun++;
      try {
        await once();
      } catch (error) {
        if (failures++ === 0) console.error(error);
      }
    }
  }));
  return { requests: begun, seconds: (performance.now() - started) / 1000, failures };
}

/** The same program several times, with a share of the work each. */
async function shared(connections) {
  const share = (value) => String(Math.ceil(Number(value) / connections));
  const amount = values.seconds === undefined
    ? ["--requests", share(values.requests)]
    : ["--seconds", values.seconds];
  const args = [mode, url, ...amount, "--concurrency", share(values.concurrency)];
  const results = await Promise.all(Array.from({ length: connections }, async () => {
    const child = Bun.spawn([process.execPath, import.meta.path, ...args], { stderr: "inherit" });
    return JSON.parse(await new Response(child.stdout).text());
  }));
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const seconds = Math.max(...results.map((result) => result.seconds));
  return { requests: sum("requests"), seconds, failures: sum("failures") };
}

async function texts() {
  return {
    texts: await Promise.all(rest.map(async (target) => (await ask(url + target)).text())),
    failures: 0,
  };
}

async function download() {
  const started = performance.now();
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of (await ask(url)).body) {
    hash.update(piece);
    bytes += piece.length;
  }
  const seconds = (performance.now() - started) / 1000;
  return { bytes, seconds, sha256: hash.digest("hex"), failures: 0 };
}

async function upload() {
  const bytes = Number(rest[0]);
  const content = pieces(bytes);
  const body = new ReadableStream({
    pull(controller) {
      const { done, value } = content.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const started = performance.now();
  const answer = await (await ask(url, { method: "POST", body, duplex: "half" })).text();
  return { bytes, seconds: (performance.now() - started) / 1000, answer, failures: 0 };
}

const MODES = { get, reset, texts, download, upload };
const connections = Number(values.connections);
const result = connections > 1 ? await shared(connections) : await MODES[mode]();
console.log(JSON.stringify(result));
process.exit(result.failures === 0 ? 0 : 1); // without waiting for its connections
