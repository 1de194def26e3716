/** CRC-32 of IEEE 802.3 (reflected, polynomial 0xEDB88320): finds slips of people, stops nobody who means harm. */

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Four bytes, most significant first. */
export function crc32(bytes: Uint8Array): Uint8Array {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] as number);
  value = ~value >>> 0;
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
