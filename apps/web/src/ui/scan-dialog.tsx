import { useLingui } from "@lingui/react/macro";
import { decodeQR } from "qr/decode.js";
import { useEffect, useEffectEvent, useRef, useState, type ReactElement } from "react";
import { Note } from "./basics.tsx";
import { Dialog } from "./dialog.tsx";
import { PictureInput } from "./picture-input.tsx";

const INTERVAL_MILLISECONDS = 150;
/** Wide enough for a dense code, small enough to be read in a moment. */
const MAX_FRAME = 900;

type Camera = "asking" | "on" | "denied" | "absent";

/** Reads a square code from the camera or from a picture. Frames never leave this page. */
export default function ScanDialog({
  title,
  onCode,
  onClose,
}: {
  readonly title: string;
  readonly onCode: (text: string) => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const video = useRef<HTMLVideoElement>(null);
  const [camera, setCamera] = useState<Camera>("asking");
  const [isUnreadable, setUnreadable] = useState(false);
  const found = useEffectEvent(onCode);

  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    return watchCamera(element, setCamera, (text) => found(text));
  }, []);

  const readPicture = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    const text = await decodePicture(file);
    setUnreadable(text === null);
    if (text !== null) onCode(text);
  };

  return (
    <Dialog title={title} onClose={onClose}>
      <div className="scan" data-camera={camera}>
        <video ref={video} muted playsInline aria-label={t`Picture of the camera`} />
        {camera === "on" && <span className="scan-frame" aria-hidden="true" />}
        {camera === "asking" && <p>{t`Waiting for the camera …`}</p>}
        {camera === "denied" && (
          <p>{t`The camera is not allowed here. Allow it in the browser's settings for this site, or choose a picture.`}</p>
        )}
        {camera === "absent" && <p>{t`No camera was found. Choose a picture of the code instead.`}</p>}
      </div>
      <PictureInput onFile={(file) => void readPicture(file)} />
      <div role="alert">
        {isUnreadable && (
          <Note kind="warning">{t`No code was found in this picture. Try a sharper one that shows the whole square.`}</Note>
        )}
      </div>
    </Dialog>
  );
}

function watchCamera(
  video: HTMLVideoElement,
  tell: (camera: Camera) => void,
  found: (text: string) => void,
): () => void {
  let stream: MediaStream | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;
  let isEnded = false;
  const end = (): void => {
    isEnded = true;
    clearInterval(timer);
    for (const track of stream?.getTracks() ?? []) track.stop();
  };
  const canvas = document.createElement("canvas");
  const look = (): void => {
    if (video.videoWidth === 0) return;
    const text = decodeFrom(canvas, video, video.videoWidth, video.videoHeight);
    if (text === null) return;
    end();
    found(text);
  };
  const begin = async (): Promise<void> => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1280 } },
      });
      if (isEnded) return end();
      video.srcObject = stream;
      await video.play();
      tell("on");
      timer = setInterval(look, INTERVAL_MILLISECONDS);
    } catch (error) {
      if (!isEnded) tell(error instanceof DOMException && error.name === "NotAllowedError" ? "denied" : "absent");
    }
  };
  void begin();
  return end;
}

async function decodePicture(file: File): Promise<string | null> {
  try {
    const bitmap = await createImageBitmap(file);
    const text = decodeFrom(document.createElement("canvas"), bitmap, bitmap.width, bitmap.height);
    bitmap.close();
    return text;
  } catch {
    return null;
  }
}

function decodeFrom(
  canvas: HTMLCanvasElement,
  source: CanvasImageSource,
  width: number,
  height: number,
): string | null {
  const scale = Math.min(1, MAX_FRAME / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return null;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return decodeQR({ data, width: canvas.width, height: canvas.height });
  } catch {
    return null;
  }
}
