// What cannot wait for the app's modules.

// Before the first paint, so that a chosen theme never flashes in the other one's colours.
const theme = localStorage.getItem("xchat.theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

// What was shown last (src/glance/): read while the modules come, since the page is too busy for it afterwards.
globalThis.xchatGlance = readGlance();

async function readGlance() {
  try {
    const folder = await navigator.storage.getDirectory();
    const file = await (await folder.getFileHandle("xchat-glance")).getFile();
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    return null;
  }
}
