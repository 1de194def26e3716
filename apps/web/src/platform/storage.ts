/** Whether the browser promises not to throw the store away when space gets short. */
export type StoragePromise = "kept" | "may-be-cleared" | "unknown";

export async function storagePromise(): Promise<StoragePromise> {
  try {
    return (await navigator.storage.persisted()) ? "kept" : "may-be-cleared";
  } catch {
    return "unknown";
  }
}

export async function askToKeepStorage(): Promise<StoragePromise> {
  try {
    return (await navigator.storage.persist()) ? "kept" : "may-be-cleared";
  } catch {
    return "unknown";
  }
}

/** Whether the place of the store cannot even be entered. */
export async function isStorageRefused(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return false;
  } catch {
    return true;
  }
}
