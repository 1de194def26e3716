/**
 * STUN binding responder (RFC 8489): tells who asks what address they have. Bindings only: no authentication, no relaying.
 *
 * SN1 What is no binding request is dropped without a word. The answer is at most 24 bytes longer than the least request,
 *     and their number a second is bounded, so that nothing is gained by sending in another's name.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { TokenBucket } from "./limits.ts";

const MAGIC_COOKIE = 0x2112_a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const FINGERPRINT = 0x8028;
const HEADER_LENGTH = 20;
const MAX_REQUEST_LENGTH = 548;

export interface StunResponder {
  close(): Promise<void>;
}

export async function startStun(input: {
  readonly port: number;
  readonly host: string;
  readonly perSecond: number;
  readonly now: () => number;
}): Promise<StunResponder> {
  const socket = createSocket(isIPv6(input.host) ? "udp6" : "udp4");
  const bucket = new TokenBucket(input.perSecond, input.perSecond, input.now());
  socket.on("message", (request, from) => {
    if (!bucket.take(input.now())) return;
    const response = bindingResponse(request, from);
    if (response !== null) socket.send(response, from.port, from.address, () => {});
  });
  await bind(socket, input.port, input.host);
  socket.on("error", () => {});
  return { close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

/** `null` for anything but a well-formed binding request. */
export function bindingResponse(request: Uint8Array, from: Pick<RemoteInfo, "address" | "port">): Uint8Array | null {
  if (request.length < HEADER_LENGTH || request.length > MAX_REQUEST_LENGTH) return null;
  const view = new DataView(request.buffer, request.byteOffset, request.length);
  const isBinding =
    view.getUint16(0) === BINDING_REQUEST &&
    view.getUint16(2) === request.length - HEADER_LENGTH &&
    view.getUint16(2) % 4 === 0 &&
    view.getUint32(4) === MAGIC_COOKIE;
  if (!isBinding || hasUnknownRequired(view)) return null;
  const address = addressBytes(from.address);
  if (address === null) return null;
  return writeResponse(request.subarray(8, HEADER_LENGTH), address, from.port);
}

/** RFC 8489, section 6.3.1: an attribute that must be understood and is not. We drop instead of telling. */
function hasUnknownRequired(view: DataView): boolean {
  for (let at = HEADER_LENGTH; at < view.byteLength;) {
    if (at + 4 > view.byteLength) return true;
    const type = view.getUint16(at);
    // USERNAME, PRIORITY and USE-CANDIDATE come from ICE agents; they ask nothing of a server.
    if (type < 0x8000 && ![0x0006, 0x0008, 0x0024, 0x0025].includes(type)) return true;
    at += 4 + Math.ceil(view.getUint16(at + 2) / 4) * 4;
  }
  return false;
}

function writeResponse(transaction: Uint8Array, address: Uint8Array, port: number): Uint8Array {
  const mappedLength = 4 + address.length;
  const response = new Uint8Array(HEADER_LENGTH + 4 + mappedLength + 8);
  const view = new DataView(response.buffer);
  view.setUint16(0, BINDING_SUCCESS);
  view.setUint16(2, response.length - HEADER_LENGTH);
  view.setUint32(4, MAGIC_COOKIE);
  response.set(transaction, 8);
  view.setUint16(20, XOR_MAPPED_ADDRESS);
  view.setUint16(22, mappedLength);
  view.setUint8(25, address.length === 4 ? 1 : 2);
  view.setUint16(26, port ^ (MAGIC_COOKIE >>> 16));
  // XOR with the cookie and the transaction id, so that no rewriting middlebox finds the address.
  for (let i = 0; i < address.length; i++) response[28 + i] = (address[i] as number) ^ (response[4 + i] as number);
  const at = response.length - 8;
  view.setUint16(at, FINGERPRINT);
  view.setUint16(at + 2, 4);
  view.setUint32(at + 4, (crc32(response.subarray(0, at)) ^ 0x5354_554e) >>> 0);
  return response;
}

function addressBytes(address: string): Uint8Array | null {
  const mapped = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (mapped !== null) return Uint8Array.from(mapped.slice(1).map(Number));
  if (!isIPv6(address)) return null;
  const [head = "", tail] = (address.split("%")[0] as string).split("::");
  const groupsOf = (text: string | undefined): number[] =>
    text === undefined || text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const before = groupsOf(head);
  const after = groupsOf(tail);
  const groups = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** CRC-32 of ITU V.42, as FINGERPRINT wants it. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

function bind(socket: Socket, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}
