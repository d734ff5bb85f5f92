/**
 * The contract every server driver and every form of application has to keep, as tables of cases.
 *
 * A case says what the client does and must see. It runs for every variant (form of application × protocol and
 * client) and may leave one out only with a written reason, which the test's name prints.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ConfigInit } from "../../mod.ts";
import type { Framework } from "../../src/framework_types.ts";
import type { BackendName } from "../../src/quic/deno.ts";
import type { Server } from "../../src/server/server.ts";
import type { Client } from "../_support/client.ts";
import { asgiApp, fetchApp, wsgiApp } from "../_support/contract_apps.ts";
import { Probe } from "../_support/contract_plan.ts";
import { type Form, startForm } from "../_support/contract_server.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";

/** A protocol with a client that speaks it. */
export interface Transport {
  /** For the test's name, e.g. `"h2c by curl"`. */
  readonly name: string;
  /** Version the application is to see. */
  readonly version: "1.1" | "2" | "3";
  /** Whether the bind has a certificate. */
  readonly secure: boolean;
  /** What the client is made of; cases that it cannot play skip it. */
  readonly tool: "raw" | "curl" | "fetch" | "h3";
  /** Why the client cannot be used here at all. */
  readonly missing?: string | undefined;
  /** Options the bind needs. */
  readonly config: ConfigInit;
  /** The QUIC back-end of a server that speaks HTTP/3. */
  readonly quic?: BackendName;
  /** Connects to a URL. */
  connect(url: string): Client;
}

/** What a case runs on. */
export interface Variant {
  /** Form of the application. */
  readonly form: Form;
  /** Protocol and client. */
  readonly transport: Transport;
}

/** What a case works with. */
export interface Context extends Variant {
  /** The running server. */
  readonly server: Server;
  /** Its first URL. */
  readonly url: string;
  /** The client. */
  readonly client: Client;
  /** The application's other end. */
  readonly probe: Probe;
  /** The server's log. */
  readonly log: LogSink;
}

/** One row of the contract. */
export interface Case {
  /** Circumstance and outcome. */
  readonly name: string;
  /** Options of the server. */
  readonly config?: ConfigInit;
  /** The reason why a variant cannot run the case; `undefined` where it can. */
  readonly skip?: (variant: Variant) => string | undefined;
  /** It waits for time to pass, which is up to the driver: one client for each version is enough. */
  readonly waits?: true;
  /** Plays the client. */
  readonly run: (context: Context) => Promise<void>;
}

/** Defines a test for each case and variant. */
export function defineContract(variants: readonly Variant[], cases: readonly Case[]): void {
  for (const variant of variants) {
    for (const row of cases) {
      if (row.waits && waitsForOther(row, variant, variants)) continue;
      defineTest(variant, row);
    }
  }
}

/** Why a variant cannot run a case; `undefined` when it can. */
function reasonAgainst(row: Case, variant: Variant): string | undefined {
  return variant.transport.missing ?? row.skip?.(variant);
}

/** Whether another client that speaks the same version to the same driver waits already. */
function waitsForOther(row: Case, variant: Variant, variants: readonly Variant[]): boolean {
  const { form, transport: { version, quic } } = variant;
  const [first = variant] = variants
    .filter(({ transport }) => transport.version === version && transport.quic === quic)
    .filter((one) => one.form === form && reasonAgainst(row, one) === undefined)
    .toSorted((one, other) => rankOf(one) - rankOf(other));
  return first !== variant;
}

/** Clients in this process first: no machine is too busy for them alone. */
function rankOf({ transport }: Variant): number {
  return ["raw", "h3", "fetch", "curl"].indexOf(transport.tool);
}

function defineTest(variant: Variant, row: Case): void {
  const { form, transport } = variant;
  const reason = reasonAgainst(row, variant);
  const name = `${form} over ${transport.name}: ${row.name}`;
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn: () => runCase(variant, row),
  });
}

async function runCase(variant: Variant, row: Case): Promise<void> {
  const log = new LogSink();
  const probe = new Probe();
  const { form, transport } = variant;
  const config = { ...transport.config, ...row.config };
  const server = await startForm(form, appOf(form, probe), log, config, transport.quic);
  try {
    const url = server.binds[0]!.url;
    await using client = transport.connect(url);
    await row.run({ ...variant, server, url, client, probe, log });
  } finally {
    // Nothing may be left over: a leak would take the minute that `startForm()` allows.
    await withDeadline(server.shutdown(), "the end of the server");
  }
  assert.deepEqual(log.matching("ERROR"), []);
}

/** The contract's application in a form. */
export function appOf(form: Form, probe: Probe): Framework {
  if (form === "ASGI") return asgiApp(probe);
  return form === "WSGI" ? wsgiApp(probe) : fetchApp(probe);
}

/** Reason of cases about content that comes while the application runs. */
export function readsContentFirst({ form }: Variant): string | undefined {
  return form === "WSGI" ? "WSGI applications run when the whole content is there" : undefined;
}

/** Reason of cases about request targets that `fetch` would change. */
export function normalisesTarget({ transport }: Variant): string | undefined {
  return transport.tool === "fetch" ? "fetch normalises the target" : undefined;
}
