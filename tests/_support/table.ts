/**
 * Tables and medians for measurements.
 *
 * @module
 */

/** Lays rows out in columns: the first to the left, numbers to the right, words to the left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const numeric = head.map((_, column) => rows.every((row) => /^[-+>= 0-9.]*$/.test(row[column]!)));
  return lines.map((line) =>
    line.map((cell, column) => {
      return numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
    }).join("  ").trimEnd()
  ).join("\n");
}

/** The middle of `values`, or the mean of the two in the middle. @throws {RangeError} When there is none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
