/** The line between the platform and Linear: it carries everything, late, or it is cut. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";

/** A line to an address on this machine. It keeps its own address when it is cut and mended. */
export class LinearLine implements AsyncDisposable {
  readonly #to: URL;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  /** How much later each request goes through, in milliseconds. */
  delayMs = 0;

  private constructor(to: URL) {
    this.#to = to;
  }

  /** Lays a line. @param to - what it leads to, with its path */
  static async to(to: string): Promise<LinearLine> {
    const line = new LinearLine(new URL(to));
    await line.mend();
    return line;
  }

  /** What the platform is told in place of the address that the line leads to. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#to.pathname}`;
  }

  /** From now on connections are refused, and those that are open end. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  /** The line is as before. */
  async mend(): Promise<void> {
    this.delayMs = 0;
    if (this.#server !== undefined) return;
    const server = createServer((socket) => this.#carry(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("The line is not listening.");
    this.#port = address.port;
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }

  #carry(socket: Socket): void {
    const far = connect(Number(this.#to.port), this.#to.hostname);
    for (const end of [socket, far]) {
      this.#open.add(end);
      // A connection that breaks is what a line is cut by; both ends hear of it by its close.
      end.on("error", () => end.destroy());
      end.on("close", () => {
        this.#open.delete(end);
        (end === socket ? far : socket).destroy();
      });
    }
    const late = new Transform({
      transform: (chunk: Buffer, _encoding, done) => void setTimeout(() => done(null, chunk), this.delayMs),
    });
    socket.pipe(late).pipe(far);
    far.pipe(socket);
  }
}
