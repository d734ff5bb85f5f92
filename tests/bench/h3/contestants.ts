/**
 * Who is measured over HTTP/3, and against whom.
 *
 * @module
 */

import { BUN } from "../../_support/bun_client.ts";
import { CERTIFICATE_PATH, KEY_PATH } from "../../_support/certificates.ts";
import { BACKENDS } from "../../_support/h3_listener.ts";
import type { ServerCommand } from "../../_support/server_process.ts";
import type { Comparison, Contestant } from "../contestants.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Forms of application, with the ratio to the bare server that each should reach. */
const FORMS = [
  { form: "fetch", target: 0.85 },
  { form: "asgi", target: 0.75 },
  { form: "wsgi" },
] as const;

/** How far the bare server reads a request before it answers. */
const READINGS = [
  { flags: [], suffix: "", title: "after the first piece" },
  { flags: ["--to-end"], suffix: "-end", title: "after the request's end" },
] as const;

/**
 * Every contestant, in the order of the report.
 *
 * @param bytes Size of the content; the short text of `apps.ts` when absent.
 */
export function http3Contestants(bytes?: number): Contestant[] {
  const size = bytes === undefined ? [] : [String(bytes)];
  const forms = bytes === undefined ? FORMS : FORMS.filter(({ form }) => form !== "wsgi");
  const readings = bytes === undefined ? READINGS : READINGS.slice(0, 1);
  return [
    ...BACKENDS.flatMap((backend) =>
      readings.map(({ flags, suffix, title }) => {
        const what = `constant answer, ${title}, ${backend}`;
        return onDeno(`bare-${backend}${suffix}`, what, "bare.ts", [...flags, backend], size);
      })
    ),
    ...BACKENDS.flatMap((backend) =>
      forms.map(({ form }) =>
        onDeno(`${form}-${backend}`, `ours, ${form}, ${backend}`, "serve.ts", [backend, form], size)
      )
    ),
    onBun(size),
  ];
}

/** Which ratios are printed. The targets are those of the project's design. */
export const HTTP3_COMPARISONS: readonly Comparison[] = [
  ...BACKENDS.flatMap((backend) =>
    READINGS.flatMap(({ suffix }) =>
      FORMS.map(({ form, ...rest }) => ({
        name: `${form}-${backend}`,
        against: `bare-${backend}${suffix}`,
        ...rest,
      }))
    )
  ),
  ...FORMS.map(({ form }) => ({ name: `${form}-resources`, against: `${form}-streams` })),
  { name: "bare-resources", against: "bare-streams" },
  ...FORMS.map(({ form }) => ({ name: `${form}-resources`, against: "bun" })),
];

/** A program of this folder; its arguments are the given ones, the port, and the size. */
function onDeno(
  name: string,
  title: string,
  program: string,
  args: readonly string[],
  size: readonly string[],
): Contestant {
  const command = (port: number): ServerCommand => ({
    command: Deno.execPath(),
    args: ["run", "-A", `tests/bench/h3/${program}`, ...args, String(port), ...size],
    cwd: ROOT,
  });
  return { name, title, find: () => Promise.resolve(command) };
}

function onBun(size: readonly string[]): Contestant {
  const command = (port: number): ServerCommand => ({
    command: BUN!,
    args: [
      `${ROOT}tests/bench/h3/bun_server.js`,
      ...[String(port), CERTIFICATE_PATH, KEY_PATH],
      ...size,
    ],
  });
  return {
    name: "bun",
    title: "Bun.serve",
    find: () => Promise.resolve(BUN === null ? null : command),
  };
}
