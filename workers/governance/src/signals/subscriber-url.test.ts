import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusedAddress } from "./subscriber-url.ts";

const outside = (url: string) => refusedAddress(url, { allowLoopback: false });
const here = (url: string) => refusedAddress(url, { allowLoopback: true });

describe("a subscriber's address", () => {
  it.each([
    "https://we.example.com/told?x=1",
    "https://we.example.com:8443/",
    "https://93.184.216.34/",
    "https://[2606:4700::1111]/",
    "https://xn--bcher-kva.example/",
  ])("may be %s", (url) => {
    expect(outside(url)).toBeNull();
  });

  it.each([
    "",
    "we.example.com",
    "http://we.example.com/",
    "ftp://we.example.com/",
    "file:///etc/passwd",
    "https://user:secret@we.example.com/",
    "https://we.example.com/#part",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://intranet/",
    "https://db.internal/",
    "https://printer.local/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f.0.0.1/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[ff02::1]/",
    `https://we.example.com/${"x".repeat(2_100)}`,
  ])("may not be %.80s", (url) => {
    expect(outside(url)).toEqual(expect.any(String));
  });

  it("may be on this machine only where the platform is", () => {
    for (const url of ["http://127.0.0.1:9000/told", "http://localhost:9000/", "http://[::1]:9000/", "https://127.0.0.1/"]) {
      expect(here(url)).toBeNull();
      expect(outside(url)).not.toBeNull();
    }
    for (const url of ["http://10.0.0.1/", "http://we.example.com/", "ftp://127.0.0.1/", "https://169.254.169.254/"]) expect(here(url)).not.toBeNull();
  });

  it("is never a private IPv4 address, however its number is written", () => {
    const octet = fc.nat(255);
    const network = fc.constantFrom([10], [127], [169, 254], [192, 168], [172, 16], [0]);
    fc.assert(
      fc.property(network, fc.tuple(octet, octet, octet, octet), fc.constantFrom("dotted", "number", "hex", "mapped"), (prefix, rest, form) => {
        const bytes = [...prefix, ...rest].slice(0, 4);
        const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
        const forms = { dotted: bytes.join("."), number: String(value), hex: `0x${value.toString(16)}`, mapped: `[::ffff:${bytes.join(".")}]` };
        expect(outside(`https://${forms[form]}/`)).not.toBeNull();
      }),
    );
  });

  it("is any text without a throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `https://${text}`),
        ),
        (text) => void outside(text),
      ),
    );
  });
});
