/** Messages between the page and its workers. */

/** Sends to a worker, or from one to its page. Both are of this page: unlike a window, neither has an origin to be named. */
export function sendTo<Message>(port: { postMessage(message: Message): void }, message: Message): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- only windows take an origin
  port.postMessage(message);
}
