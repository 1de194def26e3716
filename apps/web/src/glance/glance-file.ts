/** Where the glance lies: one file in the origin private file system, written in place by the worker, read by pages. */
import type { SyncAccessHandle, SyncFileHandle } from "@xchat/store-sqlite/dom";
import { GLANCE_HEAD_LENGTH } from "./glance.ts";

export interface GlanceFile {
  /** Takes the place of what is there; one that is torn by a crash does not open. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Its key is overwritten before the file is cut. */
  forget(): Promise<void>;
}

/** `public/early.js` reads the same. */
const NAME = "xchat-glance";

/** For the worker that has the store: one at a time. */
export const opfsGlanceFile: GlanceFile = {
  write: (bytes) =>
    withFile(true, (handle) => {
      erase(handle);
      if (handle.write(bytes, { at: 0 }) !== bytes.length) erase(handle);
    }),
  forget: () => withFile(false, erase),
};

function erase(handle: SyncAccessHandle): void {
  if (handle.getSize() === 0) return;
  handle.write(new Uint8Array(GLANCE_HEAD_LENGTH), { at: 0 });
  handle.flush();
  handle.truncate(0);
}

async function withFile(create: boolean, use: (handle: SyncAccessHandle) => void): Promise<void> {
  const folder = await navigator.storage.getDirectory();
  let file: FileSystemFileHandle;
  try {
    file = await folder.getFileHandle(NAME, { create });
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return;
    throw error;
  }
  const handle = await (file as unknown as SyncFileHandle).createSyncAccessHandle();
  try {
    use(handle);
    handle.flush();
  } finally {
    handle.close();
  }
}

declare global {
  /** Of a page: begun by `public/early.js`. Null where there is none, or nothing that can be read. */
  var xchatGlance: Promise<Uint8Array<ArrayBuffer> | null> | undefined;
}
