/** The one data channel of a connection, in the thread that has it: a page, or the worker that it was given to. */
import { MAX_BUFFERED } from "./lifetime.ts";
import { MAX_MESSAGE } from "./session-description.ts";

/** Where `onDrained` is told next: when fewer bytes wait than this. */
const DRAINED = MAX_BUFFERED / 4;

export interface ChannelListener {
  readonly onOpen: () => void;
  /** Also at what no client of ours sends. May be told more than once. */
  readonly onClose: () => void;
  readonly onMessage: (message: Uint8Array) => void;
  readonly onDrained?: () => void;
}

export function listenToChannel(channel: RTCDataChannel, listener: ChannelListener): void {
  channel.binaryType = "arraybuffer";
  channel.bufferedAmountLowThreshold = DRAINED;
  channel.addEventListener("open", () => listener.onOpen());
  channel.addEventListener("close", () => listener.onClose());
  channel.addEventListener("error", () => listener.onClose());
  channel.addEventListener("bufferedamountlow", () => listener.onDrained?.());
  channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_MESSAGE) listener.onClose();
    else if (data.byteLength > 0) listener.onMessage(new Uint8Array(data));
  });
}

/** What a `knock` sends. Every adapter drops an empty message. */
const KNOCK = new Uint8Array(0);

export function knockOnChannel(channel: RTCDataChannel): void {
  // What waits in it is awake.
  if (channel.bufferedAmount === 0) sendOnChannel(channel, KNOCK);
}

/** False when the message is too long, the channel is not open, or too much waits in it. The bytes stay the caller's. */
export function sendOnChannel(channel: RTCDataChannel, message: Uint8Array): boolean {
  if (message.length > MAX_MESSAGE || channel.bufferedAmount + message.length > MAX_BUFFERED) return false;
  try {
    channel.send(message as Uint8Array<ArrayBuffer>);
    return true;
  } catch {
    // It closed meanwhile, or the browser's own buffer is full: either way the caller has another way.
    return false;
  }
}
