/** How a link ended, in words: what happened, what was kept, what to do. */
import type { LinkEndCause, LinkView } from "@xchat/client/api";

const WORDS: Readonly<Record<LinkEndCause, string>> = {
  cancelled: "Cancelled. A code is good for one try: make a new one whenever you like.",
  denied: "Somebody said no. A code is good for one try: make a new one whenever you like.",
  "digits-mismatch":
    "The digits were wrong three times. Perhaps another device than yours has answered: make a new code, and type only " +
    "digits that you read off a device in your hand.",
  "two-devices":
    "Two devices have answered this code: somebody else has seen it. Neither was added. Make a new one where nobody " +
    "looks on.",
  timeout: "It took too long. Both devices need a connection and a person who answers. Make a new code and try again.",
  "chain-refused": "The list of devices does not allow it: it may have changed just now. See: xchat devices",
  protocol: "The two devices do not understand each other. Update X Chat on both, then try again.",
};

export function linkEndWords({ reason, isListed, side }: Extract<LinkView, { kind: "ended" }>): string {
  const cause = (reason.startsWith("other-") ? reason.slice("other-".length) : reason) as LinkEndCause;
  const where = side === "existing" ? "here" : "on your other device";
  const listed = `\nIt is on the list of your account and not finished: remove it ${where} (xchat devices), then link it again.`;
  return WORDS[cause] + (isListed ? listed : "");
}
