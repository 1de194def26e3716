/** Addresses of the public internet, and a look-up that answers with no others (spec/relay.md, RL7). */
import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** IANA's special-purpose registry: what is not globally reachable, and what is no single machine. */
const SPECIAL_IPV4: readonly (readonly [string, number])[] = [
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
  ["224.0.0.0", 3],
];
/** Within what is global: tunnels that lead to any address of the other kind, and what is for documents. */
const SPECIAL_IPV6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
];

const special = new BlockList();
for (const [network, bits] of SPECIAL_IPV4) special.addSubnet(network, bits, "ipv4");
for (const [network, bits] of SPECIAL_IPV6) special.addSubnet(network, bits, "ipv6");
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, "ipv4");
  return family === 6 && global6.check(address, "ipv6") && !special.check(address, "ipv6");
}

/** A host as it stands in a URL. Names pass: what they lead to is looked at by `lookupPublic`. */
export function mayBePublicHost(hostname: string): boolean {
  const literal = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return isIP(literal) === 0 || isPublicAddress(literal);
}

/**
 * For a socket that is about to be connected: it gets the addresses that were looked at here and no others, so a name that
 * leads elsewhere a moment later gains nothing.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error !== null) return callback(error, []);
    const usable = found.filter(({ address }) => isPublicAddress(address));
    const [first] = usable;
    if (first === undefined || usable.length < found.length) {
      return callback(Object.assign(new Error("not a public address"), { code: "ENOTFOUND" }), []);
    }
    if (options.all === true) return callback(null, usable);
    callback(null, first.address, first.family);
  });
};
