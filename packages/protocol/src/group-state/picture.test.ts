import fc from "fast-check";
import { concatBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { filled } from "../hostile-input.node.ts";
import { MAX_PICTURE_BYTES, MAX_PICTURE_SIDE, openPicture, readPicture, sealPicture } from "./picture.ts";

const provider = nodeCryptoProvider();

const segment = (marker: number, content: Uint8Array): Uint8Array => {
  const length = content.length + 2;
  return concatBytes(Uint8Array.of(0xff, marker, length >> 8, length & 0xff), content);
};
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const START = Uint8Array.of(0xff, 0xd8);
const END = Uint8Array.of(0xff, 0xd9);
const TABLE = segment(0xdb, filled(65));
const CODES = segment(0xc4, filled(30));
const frame = (width: number, height: number, marker = 0xc0): Uint8Array =>
  segment(
    marker,
    Uint8Array.of(8, height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1),
  );
/** A stuffed byte and a restart among its pixels. */
const SCAN = concatBytes(
  segment(0xda, Uint8Array.of(3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0)),
  Uint8Array.of(1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 5),
);
const PLAIN = concatBytes(START, TABLE, frame(120, 80), CODES, SCAN, END);
const MADE_BY_A_CAMERA = concatBytes(
  START,
  segment(0xe0, ascii("JFIF\0")),
  segment(0xe1, ascii("Exif\0\0 48.2082 N 16.3738 E")),
  TABLE,
  segment(0xe2, ascii("ICC_PROFILE")),
  frame(120, 80),
  CODES,
  segment(0xfe, ascii("taken by Alice at home")),
  SCAN,
  END,
  ascii("and a film behind it"),
);

const reasonOf = (file: Uint8Array): string => {
  const read = readPicture(file);
  return read.ok ? "none" : read.error;
};

describe("a picture of a group", () => {
  it("[GP1] is what it takes to see it, and tells nothing of place, time and maker", () => {
    expect(readPicture(MADE_BY_A_CAMERA)).toEqual({ ok: true, value: { jpeg: PLAIN, width: 120, height: 80 } });
    expect(readPicture(PLAIN)).toEqual({ ok: true, value: { jpeg: PLAIN, width: 120, height: 80 } });
  });

  it("[GP1] is bounded in pixels and bytes", () => {
    const side = MAX_PICTURE_SIDE;
    expect(reasonOf(concatBytes(START, frame(side, side), SCAN, END))).toBe("none");
    expect(reasonOf(concatBytes(START, frame(side + 1, 1), SCAN, END))).toBe("picture-too-many-pixels");
    expect(reasonOf(concatBytes(START, frame(1, 65_535), SCAN, END))).toBe("picture-too-many-pixels");
    const rest = PLAIN.length - SCAN.length;
    const scan = (length: number): Uint8Array => concatBytes(SCAN, new Uint8Array(length - SCAN.length).fill(7));
    const full = concatBytes(START, TABLE, frame(120, 80), CODES, scan(MAX_PICTURE_BYTES - rest), END);
    expect(full).toHaveLength(MAX_PICTURE_BYTES);
    expect(reasonOf(full)).toBe("none");
    expect(reasonOf(concatBytes(START, TABLE, frame(120, 80), CODES, scan(MAX_PICTURE_BYTES - rest + 1), END))).toBe(
      "picture-too-large",
    );
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["another kind of picture", concatBytes(Uint8Array.of(0x89), ascii("PNG\r\n"))],
    ["a drawing that runs", ascii("<svg onload='alert(1)'/>")],
    ["no frame", concatBytes(START, TABLE, SCAN, END)],
    ["no pixels", concatBytes(START, frame(9, 9), END)],
    ["no width", concatBytes(START, frame(0, 9), SCAN, END)],
    ["two frames", concatBytes(START, frame(9, 9), frame(9, 9), SCAN, END)],
    ["coded losslessly", concatBytes(START, frame(9, 9, 0xc3), SCAN, END)],
    ["coded by arithmetic", concatBytes(START, frame(9, 9, 0xc9), SCAN, END)],
    ["a segment of an unknown kind", concatBytes(START, segment(0xf3, filled(4)), frame(9, 9), SCAN, END)],
    ["a height that comes later", concatBytes(START, frame(9, 9), SCAN, segment(0xdc, filled(2)), END)],
    ["a frame of one byte", concatBytes(START, segment(0xc0, filled(1)), SCAN, END)],
    ["very many scans", concatBytes(START, frame(9, 9), ...Array.from({ length: 33 }, () => SCAN), END)],
  ])("[GP1] is refused with %s", (_, file) => {
    expect(reasonOf(file)).toBe("picture-not-a-jpeg");
  });

  it("[GP1] cut anywhere is refused, and no bytes make the reader throw", () => {
    for (let end = 0; end < PLAIN.length; end++) expect(reasonOf(PLAIN.subarray(0, end))).toBe("picture-not-a-jpeg");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        readPicture(bytes);
        readPicture(concatBytes(START, bytes));
      }),
    );
    fc.assert(
      fc.property(fc.nat(MADE_BY_A_CAMERA.length * 8 - 1), (bit) => {
        const altered = Uint8Array.from(MADE_BY_A_CAMERA);
        altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
        const read = readPicture(altered);
        // What was read is read to the same.
        if (read.ok) expect(readPicture(read.value.jpeg)).toEqual(read);
      }),
    );
  });

  it("[GP2] [GP3] travels in a blob of one size, and counts by its hash", async () => {
    const { picture, sealed } = await sealPicture(provider, filled(32), PLAIN);
    const other = await sealPicture(provider, filled(32, 9), MADE_BY_A_CAMERA);
    expect([sealed.length, other.sealed.length]).toEqual([32_768, 32_768]);
    expect(await openPicture(provider, picture, sealed)).toEqual(readPicture(PLAIN));
    expect(await openPicture(provider, picture, other.sealed)).toBeNull();
    expect(await openPicture(provider, picture, new Uint8Array(0))).toBeNull();
    // Sealed again, for another node, it is the same.
    expect(await sealPicture(provider, filled(32), PLAIN)).toEqual({ picture, sealed });
  });

  it("[GP1] is none where its setter has sealed something else", async () => {
    const refused = { ok: false, error: "picture-not-a-jpeg" };
    const { picture, sealed } = await sealPicture(provider, filled(32), ascii("<svg/>"));
    expect(await openPicture(provider, picture, sealed)).toEqual(refused);
    expect(await openPicture(provider, { ...picture, key: "00".repeat(32) }, sealed)).toEqual(refused);
    const { picture: whole, sealed: blob } = await sealPicture(provider, filled(32), PLAIN);
    expect(await openPicture(provider, { ...whole, size: whole.size - 1 }, blob)).toEqual(refused);
    expect(await openPicture(provider, { ...whole, size: 1 << 20 }, blob)).toEqual(refused);
  });
});
