/** Parts that several screens show, each in files of its own. */
import { part } from "./part.tsx";

export const QrCode = part(() => import("./qr-code.tsx"), <span className="skeleton" />);
export const ScanDialog = part(() => import("./scan-dialog.tsx"));
