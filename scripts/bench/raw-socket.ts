/** A WebSocket client on a bare TCP socket: a load generator must cost less than what it measures. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FINAL = 0x80;
/** Lengths from which a frame's head has two and eight more bytes. @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** One client. */
export class RawSocket {
  readonly #socket: Socket;
  readonly #onText: (frame: Buffer) => void;
  readonly #onClose: (reason: string) => void;
  /** What has come of a frame that is not whole yet. */
  #rest: Buffer | undefined;

  private constructor(socket: Socket, onText: (frame: Buffer) => void, onClose: (reason: string) => void) {
    this.#socket = socket;
    this.#onText = onText;
    this.#onClose = onClose;
  }

  /** Connects and upgrades. @throws Error when the server refuses. */
  static open(url: URL, subprotocol: string | undefined, onText: (frame: Buffer) => void, onClose: (reason: string) => void): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
      let head = Buffer.alloc(0);
      const upgraded = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.off("data", upgraded);
        const answer = head.subarray(0, end).toString("latin1");
        if (!answer.startsWith("HTTP/1.1 101")) return reject(new Error(`The upgrade was refused: ${head.toString("utf8").slice(0, 300)}`));
        const client = new RawSocket(socket, onText, onClose);
        socket.on("data", (data) => client.#take(data));
        if (head.length > end + 4) client.#take(head.subarray(end + 4));
        resolve(client);
      };
      socket.on("data", upgraded);
      socket.on("error", (err) => {
        onClose(err.message);
        reject(err);
      });
      socket.on("close", () => onClose("the connection ended"));
      const lines = [
        `GET ${url.pathname}${url.search} HTTP/1.1`,
        `Host: ${url.host}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        "Sec-WebSocket-Version: 13",
        ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
  }

  send(text: string): void {
    this.#write(TEXT, Buffer.from(text, "utf8"));
  }

  end(): void {
    this.#socket.destroy();
  }

  /** Masked with zeros, as the standard allows: the bytes go out as they are. */
  #write(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const extended = length < LENGTH_16 ? 0 : length <= 0xff_ff ? 2 : 8;
    const head = Buffer.alloc(2 + extended + 4);
    head[0] = FINAL | opcode;
    head[1] = FINAL | (extended === 0 ? length : extended === 2 ? LENGTH_16 : LENGTH_64);
    if (extended === 2) head.writeUInt16BE(length, 2);
    if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  #take(chunk: Buffer): void {
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (data.length - at >= 2) {
      let head = 2;
      let length = data.readUInt8(at + 1);
      if (length === LENGTH_16) head = 4;
      if (length === LENGTH_64) head = 10;
      if (data.length - at < head) break;
      if (head === 4) length = data.readUInt16BE(at + 2);
      if (head === 10) length = Number(data.readBigUInt64BE(at + 2));
      if (data.length - at < head + length) break;
      this.#frame(data.readUInt8(at) & 0xf, data.subarray(at + head, at + head + length));
      at += head + length;
    }
    this.#rest = at < data.length ? data.subarray(at) : undefined;
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) this.#onText(payload);
    else if (opcode === PING) this.#write(PONG, payload);
    else if (opcode === CLOSE) this.#onClose(payload.subarray(2).toString("utf8"));
  }
}
