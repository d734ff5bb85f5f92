/**
 * The page that Prometheus reads.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/ | Exposition formats}
 * @see {@link https://prometheus.io/docs/practices/naming/ | Metric and label naming}
 *
 * @module
 */

import { FAMILIES, type Family, type ProcessCounts, type Sample } from "./families.ts";
import type { MetricsSnapshot } from "./snapshot.ts";

/** Media type of the page. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Formats a page in version 0.0.4 of the text format. Families without a sample are left out. */
export function formatPrometheus(
  snapshot: MetricsSnapshot,
  process: ProcessCounts = {},
): string {
  return FAMILIES.map((family) => formatFamily(family, family.read(snapshot, process))).join("");
}

function formatFamily({ name, type, help }: Family, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ suffix = "", labels = {}, value }) =>
    `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`
  );
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Numbers as Go's `ParseFloat` takes them. */
function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** Escapes a label value: backslash, line feed and quote. */
export function escapeLabel(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"');
}

/** Escapes a help text: backslash and line feed. */
export function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
