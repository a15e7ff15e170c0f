/**
 * Where the factory may be made to call: addresses that an organisation names are outside, and nothing inside is reachable by
 * naming it. The URL parser has the last word on what an address is, so `0x7f.1` is read as the loopback address it means.
 *
 * A name that resolves to a private address cannot be told from here; on Cloudflare such an address is not reachable from a
 * Worker, and a deployment elsewhere keeps its network's egress closed.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */

/** Longest address, in characters. */
const MAX_URL_CHARS = 2_048;

/** IPv4 networks that are not the public internet: first address and length of the prefix. */
const PRIVATE_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Names that are answered inside a network. */
const PRIVATE_SUFFIXES = [".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa", ".onion", ".test", ".invalid"] as const;

/** What an installation allows. */
export type AddressPolicy = {
  /** Whether this machine itself may be called, by `http` too. */
  readonly allowLoopback: boolean;
};

/** Why an address may not be called, as the end of a sentence; null when it may. */
export function refusedAddress(text: string, { allowLoopback }: AddressPolicy): string | null {
  if (text.length > MAX_URL_CHARS) return `it has more than ${MAX_URL_CHARS} characters`;
  const url = URL.parse(text);
  if (url === null) return "it is no URL";
  if (url.username !== "" || url.password !== "") return "it holds credentials";
  if (url.hash !== "") return "it has a fragment";
  const host = url.hostname.replace(/\.$/, "").toLowerCase();
  if (allowLoopback && isLoopback(host)) return url.protocol === "http:" || url.protocol === "https:" ? null : "it is not of HTTP";
  if (url.protocol !== "https:") return "it has to begin with https:";
  return isOutside(host) ? null : "it is not on the public internet";
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isOutside(host: string): boolean {
  if (host.startsWith("[")) return isPublicV6(host.slice(1, -1));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return isPublicV4(host);
  return host.includes(".") && !PRIVATE_SUFFIXES.some((suffix) => host.endsWith(suffix));
}

function isPublicV4(address: string): boolean {
  const value = v4Number(address);
  return !PRIVATE_V4.some(([network, bits]) => value >>> (32 - bits) === v4Number(network) >>> (32 - bits));
}

function v4Number(address: string): number {
  return address.split(".").reduce((value, part) => ((value << 8) | Number(part)) >>> 0, 0);
}

/** Only 2000::/3 is given out; in it, what maps IPv4 or is for documents leads elsewhere. */
function isPublicV6(address: string): boolean {
  const first = Number.parseInt(address.split(":")[0] ?? "", 16);
  if (Number.isNaN(first) || first >>> 13 !== 1) return false;
  const second = Number.parseInt(address.split(":")[1] ?? "", 16);
  // 2002::/16 is 6to4; 2001::/23 holds Teredo, ORCHID and benchmarks; 2001:db8::/32 and 3fff::/20 are for documents.
  if (first === 0x2002) return false;
  if (first === 0x2001 && (Number.isNaN(second) || second < 0x0200 || second === 0x0db8)) return false;
  return !(first === 0x3fff && (Number.isNaN(second) || second < 0x1000));
}
