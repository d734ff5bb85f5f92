/**
 * Waiting for what must happen: a deadline turns a hanging test into a failing one that says what was missing.
 *
 * @module
 */

/** Milliseconds; far more than anything here takes on a slow machine. */
const DEADLINE_MS = 30_000;

/** Passes `work` on, or rejects after `milliseconds` (default 30 s). `what` completes "… did not come". */
export async function withDeadline<T>(
  work: Promise<T>,
  what: string,
  milliseconds = DEADLINE_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${milliseconds} ms: ${what} did not come`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
