/**
 * What two devices need to know of each other for one data channel, and its form as SDP (RFC 8866, RFC 8841, RFC 8839).
 *
 * SDP of a peer never reaches the WebRTC library: the few fields that matter are read into `SessionParameters` and a
 * description is written anew from them, so that nobody can open media, change the channel or feed a native parser.
 * What a device sends is written the same way, so that it tells nothing about browser, version or interfaces.
 *
 * D1 One section, of kind `application`, over `UDP/DTLS/SCTP`; any other section is refused.
 * D2 One fingerprint, SHA-256.
 * D3 At most `MAX_DESCRIPTION` characters.
 */
import { err, ok, type Result } from "@xchat/codec";

export const MAX_DESCRIPTION = 4096;
/** Bytes; the largest message of the channel in both directions. */
export const MAX_MESSAGE = 256 * 1024;

export interface SessionParameters {
  readonly type: "offer" | "answer";
  readonly iceUser: string;
  readonly icePassword: string;
  /** Upper-case hex pairs with colons, as in the SDP. */
  readonly fingerprint: string;
  /** Who opens DTLS (RFC 8842): offers leave it open, answers choose. */
  readonly setup: "actpass" | "active" | "passive";
}

export type DescriptionFault =
  | "description-too-long"
  | "description-malformed"
  | "not-data-only"
  | "fingerprint-unsupported";

const ICE_CHARACTERS = /^[A-Za-z0-9+/]+$/;
const FINGERPRINT = /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/;
const SCTP_SECTION = /^m=application [0-9]{1,5} UDP\/DTLS\/SCTP webrtc-datachannel$/;

export function readDescription(
  type: "offer" | "answer",
  sdp: string,
): Result<SessionParameters, { readonly reason: DescriptionFault }> {
  if (sdp.length > MAX_DESCRIPTION) return err({ reason: "description-too-long" });
  const lines = sdp.split(/\r?\n/u);
  const sections = lines.filter((line) => line.startsWith("m="));
  if (sections.length !== 1 || !SCTP_SECTION.test(sections[0] as string)) return err({ reason: "not-data-only" });

  const [iceUser, icePassword, fingerprint, setup] = ["ice-ufrag", "ice-pwd", "fingerprint", "setup"].map((name) =>
    onlyAttribute(lines, name),
  );
  if (!isIceText(iceUser, 4) || !isIceText(icePassword, 22)) return err({ reason: "description-malformed" });
  if (!isSetup(setup, type)) return err({ reason: "description-malformed" });
  const [algorithm, digest] = (fingerprint ?? "").split(" ", 2);
  const upper = (digest ?? "").toUpperCase();
  if (algorithm?.toLowerCase() !== "sha-256" || !FINGERPRINT.test(upper)) {
    return err({ reason: "fingerprint-unsupported" });
  }
  return ok({ type, iceUser, icePassword, fingerprint: upper, setup });
}

export function writeDescription(parameters: SessionParameters): string {
  return [
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=ice-ufrag:${parameters.iceUser}`,
    `a=ice-pwd:${parameters.icePassword}`,
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${parameters.fingerprint}`,
    `a=setup:${parameters.setup}`,
    "a=sctp-port:5000",
    `a=max-message-size:${MAX_MESSAGE}`,
    "",
  ].join("\r\n");
}

/** The value of an attribute that must be there exactly once. */
function onlyAttribute(lines: readonly string[], name: string): string | undefined {
  const prefix = `a=${name}:`;
  const found = lines.filter((line) => line.startsWith(prefix));
  return found.length === 1 ? (found[0] as string).slice(prefix.length) : undefined;
}

/** RFC 8839, section 5.4: 4 or 22 to 256 characters of a closed alphabet. */
const isIceText = (value: string | undefined, min: number): value is string =>
  value !== undefined && value.length >= min && value.length <= 256 && ICE_CHARACTERS.test(value);

const isSetup = (value: string | undefined, type: "offer" | "answer"): value is SessionParameters["setup"] =>
  type === "offer" ? value === "actpass" : value === "active" || value === "passive";
