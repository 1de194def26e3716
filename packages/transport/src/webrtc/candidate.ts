/**
 * One ICE candidate (RFC 8839, section 5.1), read and written with the fields that a connection needs.
 *
 * K1 UDP, component 1, of type `host`, `srflx` or `relay`.
 * K2 An address is IPv4, IPv6, or a name of mDNS (a UUID under `.local`): never a name that would be looked up outside,
 *    and never one that would make this device send to many others or to nobody.
 * K3 Written without related address, interface numbers and extensions: a reflexive candidate does not tell the address
 *    inside the home again, and nothing tells the kind of network.
 */
import { err, ok, type Result } from "@xchat/codec";

/** Characters. The longest that is written here has about 110. */
export const MAX_CANDIDATE = 512;

export interface Candidate {
  readonly foundation: string;
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly type: "host" | "srflx" | "relay";
}

export type CandidateFault = "candidate-malformed" | "candidate-unsupported" | "candidate-address-refused";

const GRAMMAR =
  /^(?:a=)?candidate:([A-Za-z0-9+/]{1,32}) ([0-9]{1,3}) ([A-Za-z]{3,8}) ([0-9]{1,10}) ([0-9A-Za-z:.-]{1,64}) ([0-9]{1,5}) typ ([a-z]{4,8})(?: .*)?$/u;
const MDNS_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local$/u;
const IPV4 = /^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$/u;

/** An empty candidate marks the end of candidates, and is answered with `null`. */
export function readCandidate(line: string): Result<Candidate | null, { readonly reason: CandidateFault }> {
  if (line === "") return ok(null);
  const match = line.length > MAX_CANDIDATE ? null : GRAMMAR.exec(line);
  if (match === null) return err({ reason: "candidate-malformed" });
  const [, foundation, component, transport, priority, address, port, type] = match as unknown as readonly string[];
  const parsed = { foundation: foundation as string, priority: Number(priority), port: Number(port) };
  if (parsed.priority >= 2 ** 32 || parsed.port === 0 || parsed.port > 65_535) {
    return err({ reason: "candidate-malformed" });
  }
  if (component !== "1" || transport?.toLowerCase() !== "udp" || !isType(type)) {
    return err({ reason: "candidate-unsupported" });
  }
  const readAddress = canonicalAddress(address as string);
  if (readAddress === null) return err({ reason: "candidate-address-refused" });
  return ok({ ...parsed, address: readAddress, type });
}

export function writeCandidate({ foundation, priority, address, port, type }: Candidate): string {
  // Browsers insist on a related address for what is not `host`; this one says nothing.
  const related = type === "host" ? "" : address.includes(":") ? " raddr :: rport 9" : " raddr 0.0.0.0 rport 9";
  return `candidate:${foundation} 1 udp ${priority} ${address} ${port} typ ${type}${related}`;
}

const isType = (type: string | undefined): type is Candidate["type"] =>
  type === "host" || type === "srflx" || type === "relay";

function canonicalAddress(address: string): string | null {
  const lower = address.toLowerCase();
  if (MDNS_NAME.test(lower)) return lower;
  if (IPV4.test(lower)) return isReachableIpv4(lower) ? lower : null;
  return isReachableIpv6(lower) ? lower : null;
}

/** Neither "this network", nor multicast, nor reserved or broadcast; no leading zeros, which some read as octal. */
function isReachableIpv4(address: string): boolean {
  const octets = address.split(".");
  if (!octets.every((octet) => Number(octet) <= 255 && String(Number(octet)) === octet)) return false;
  const first = Number(octets[0]);
  return first !== 0 && first < 224;
}

/** Neither unspecified, nor multicast, nor IPv4 in disguise. */
function isReachableIpv6(address: string): boolean {
  const groups = ipv6Groups(address);
  if (groups === null) return false;
  const isZeroUpTo = (end: number): boolean => groups.slice(0, end).every((group) => group === 0);
  if (isZeroUpTo(8)) return false;
  if (isZeroUpTo(5) && groups[5] === 0xffff) return false;
  return (groups[0] as number) >> 8 !== 0xff;
}

/** RFC 4291, section 2.2, forms 1 and 2: eight groups of 16 bits, one run of zeros left out at most. */
function ipv6Groups(address: string): readonly number[] | null {
  const halves = address.split("::");
  if (halves.length > 2 || !address.includes(":")) return null;
  const [before, after] = halves.map((half) => (half === "" ? [] : half.split(":"))) as [
    string[],
    string[] | undefined,
  ];
  const missing = 8 - before.length - (after?.length ?? 0);
  if (after === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...(after ?? [])];
  return groups.every((group) => /^[0-9a-f]{1,4}$/u.test(group)) ? groups.map((g) => Number.parseInt(g, 16)) : null;
}
