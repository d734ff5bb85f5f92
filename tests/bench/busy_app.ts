/**
 * An application that computes for about a millisecond for each request.
 *
 * @module
 */

export default (): Response => {
  const end = performance.now() + 1;
  while (performance.now() < end);
  return new Response("done\n");
};
