/** Makes of a picture that a person chose what a group can have: square, small, and nothing but its pixels. */

const SIDE = 256;
/** Of spec/group.md, section 10. */
const MAX_BYTES = 32_752;
/** A picture full of leaves takes the last. */
const QUALITIES = [0.9, 0.8, 0.7, 0.6, 0.45, 0.3];

/** Null for what this browser cannot read as a picture. */
export async function smallPicture(file: Blob): Promise<Blob | null> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    try {
      return await encodeSmall(drawn(bitmap));
    } finally {
      bitmap.close();
    }
  } catch {
    return null;
  }
}

/** The middle of it. What is transparent becomes white. */
function drawn(bitmap: ImageBitmap): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const side = Math.min(bitmap.width, bitmap.height);
  const size = Math.min(SIDE, side);
  canvas.width = size;
  canvas.height = size;
  if (context === null) throw new Error("no canvas");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, size, size);
  return canvas;
}

async function encodeSmall(canvas: HTMLCanvasElement): Promise<Blob | null> {
  for (const quality of QUALITIES) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob !== null && blob.size <= MAX_BYTES) return blob;
  }
  return null;
}

export async function toBase64Url(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
