import { describe, expect, it } from "vitest";
import { fromBase64, toBase64, utf8 } from "./base64.ts";
import { preAuthEncoding } from "./dsse.ts";

/** The test vector of the DSSE protocol: ECDSA over P-256 with SHA-256. */
const VECTOR = {
  payloadType: "http://example.com/HelloWorld",
  payload: "hello world",
  encoding: "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
  x: 46950820868899156662930047687818585632848591499744589407958293238635476079160n,
  y: 5640078356564379163099075877009565129882514886557779369047442380624545832820n,
  signature: "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==",
};

function coordinate(value: bigint): Uint8Array {
  return Uint8Array.from(value.toString(16).padStart(64, "0").match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

describe("the pre-authentication encoding", () => {
  it("is that of the published test vector, whose signature verifies over it", async () => {
    const encoded = preAuthEncoding(VECTOR.payloadType, utf8(VECTOR.payload));
    expect(new TextDecoder().decode(encoded)).toBe(VECTOR.encoding);
    const point = Uint8Array.of(4, ...coordinate(VECTOR.x), ...coordinate(VECTOR.y));
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", point, algorithm, false, ["verify"]);
    const signature = fromBase64(VECTOR.signature);
    if (signature === null) throw new Error("The vector is base64.");
    expect(await crypto.subtle.verify(algorithm, key, signature, encoded)).toBe(true);
    expect(await crypto.subtle.verify(algorithm, key, signature, utf8(`${VECTOR.encoding} `))).toBe(false);
  });

  it("counts bytes and not characters", () => {
    expect(new TextDecoder().decode(preAuthEncoding("é", utf8("ü")))).toBe("DSSEv1 2 é 2 ü");
  });
});

describe("base64", () => {
  it("comes back for every length and takes no other text for the same bytes", () => {
    for (const length of [0, 1, 2, 3, 4, 0x8001]) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 37) % 256);
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }
    // Two bits of the last character mean nothing; only zeros are taken.
    expect(fromBase64("QQ==")).toEqual(utf8("A"));
    for (const text of ["QR==", "QQ=", "QQ", "QQ==\n", "Q", "*Q=="]) expect(fromBase64(text), text).toBeNull();
  });
});
