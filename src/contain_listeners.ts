/**
 * Exceptions of event listeners, kept from ending the process.
 *
 * The runtime reports what a listener throws as an uncaught error, which ends a server with all its other clients.
 *
 * @module
 */

type Listener = EventListenerOrEventListenerObject | null;

/**
 * Passes what listeners of `target` throw, or reject with, to `onError`.
 *
 * It applies to listeners added from now on, `on…` properties included; the methods of `target` are replaced.
 */
export function containListeners(target: EventTarget, onError: (error: unknown) => void): void {
  const contained = new WeakMap<object, EventListener>();
  const add = target.addEventListener.bind(target);
  const remove = target.removeEventListener.bind(target);
  target.addEventListener = (type: string, listener: Listener, options) => {
    if (listener === null || listener === undefined) return;
    let wrapper = contained.get(listener);
    if (wrapper === undefined) contained.set(listener, wrapper = contain(listener, onError));
    add(type, wrapper, options);
  };
  target.removeEventListener = (type: string, listener: Listener, options) =>
    remove(type, (listener && contained.get(listener)) ?? null, options);
}

function contain(
  listener: EventListenerOrEventListenerObject,
  onError: (error: unknown) => void,
): EventListener {
  return function (this: unknown, event) {
    try {
      const result: unknown = typeof listener === "function"
        ? listener.call(this as EventTarget, event)
        : listener.handleEvent(event);
      if (result instanceof Promise) result.catch(onError);
    } catch (error) {
      onError(error);
    }
  };
}
