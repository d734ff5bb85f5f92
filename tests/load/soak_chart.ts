/**
 * Curves in a terminal.
 *
 * @module
 */

/** Columns of a curve. */
const WIDTH = 60;

const BLOCKS = "▁▂▃▄▅▆▇█";

/**
 * One line for a curve: its name, its values from left to right, each as high as it is between the least and the most,
 * and these two.
 */
export function curve(name: string, values: readonly number[], digits = 1): string {
  const columns = spread(values);
  const [least, most] = [Math.min(...columns), Math.max(...columns)];
  const blocks = columns.map((value) => blockFor(value, least, most)).join("");
  return `${name.padEnd(12)} ${blocks.padEnd(WIDTH)} ${least.toFixed(digits)}..${
    most.toFixed(digits)
  }`;
}

/** As many values as fit, each the mean of those it stands for. */
function spread(values: readonly number[]): number[] {
  if (values.length <= WIDTH) return [...values];
  return Array.from({ length: WIDTH }, (_, column) => {
    const from = Math.floor(column * values.length / WIDTH);
    const to = Math.floor((column + 1) * values.length / WIDTH);
    return values.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  });
}

function blockFor(value: number, least: number, most: number): string {
  if (most === least) return BLOCKS[0]!;
  return BLOCKS[Math.round((value - least) / (most - least) * (BLOCKS.length - 1))]!;
}
