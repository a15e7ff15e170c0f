/** The page's end of the worker that checks orders. One check runs at a time, and the newest text is the next one. */
import type { AttachedFile } from "@factory/schemas";
import type { OrderCheck } from "./order-check.ts";
import type { OrderRequest, OrderResponse } from "./order-messages.ts";
import type { SettingName } from "./order-settings.ts";

/** A worker as the checker sees it. */
export type CheckPort = {
  send(request: OrderRequest): void;
  /** Ends it: nothing is told after. */
  end(): void;
};

/** What a worker tells. */
export type PortListener = { readonly onResponse: (response: OrderResponse) => void; readonly onError: (message: string) => void };

export type CheckListener = { readonly onCheck: (check: OrderCheck) => void; readonly onFailed: (message: string) => void };

export class OrderChecker {
  readonly #port: CheckPort;
  readonly #listener: CheckListener;
  readonly #setting = new Map<number, (text: string | null) => void>();
  #lastId = 0;
  /** Not persisted: the text that is checked after the one that is being checked. */
  #next: string | null = null;
  #checking: number | null = null;
  /** Files that came while a text was checked have to be looked at with the same text again. */
  #checkedText: string | null = null;

  /** @param open - starts the worker */
  constructor(open: (listener: PortListener) => CheckPort, listener: CheckListener) {
    this.#listener = listener;
    this.#port = open({
      onResponse: (response) => this.#receive(response),
      onError: (message) => listener.onFailed(message === "" ? "The part of the page that checks orders could not be loaded." : message),
    });
  }

  /** Gives the files that go with the texts from now on, and checks the last text again with them. */
  attach(files: readonly AttachedFile[]): void {
    this.#port.send({ kind: "files", files });
    const text = this.#next ?? this.#checkedText;
    if (text !== null) this.check(text);
  }

  /** Checks a text; of several that come while one is checked, the last. */
  check(text: string): void {
    this.#next = text;
    if (this.#checking === null) this.#start();
  }

  /** The text with a setting changed; null when it cannot be changed alone. */
  async set(text: string, name: SettingName, value: string | null): Promise<string | null> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#setting.set(id, resolve);
      this.#port.send({ kind: "set", id, text, name, value });
    });
  }

  /** Ends the worker; nothing is told after. */
  dispose(): void {
    this.#port.end();
    for (const resolve of this.#setting.values()) resolve(null);
    this.#setting.clear();
  }

  #start(): void {
    const text = this.#next;
    if (text === null) return;
    this.#next = null;
    this.#checkedText = text;
    this.#checking = ++this.#lastId;
    this.#port.send({ kind: "check", id: this.#checking, text });
  }

  #receive(response: OrderResponse): void {
    if (response.kind === "set") {
      this.#setting.get(response.id)?.(response.text);
      this.#setting.delete(response.id);
      return;
    }
    this.#checking = null;
    // What is followed by a newer text is old already.
    if (this.#next === null) this.#listener.onCheck(response.check);
    else this.#start();
  }
}
