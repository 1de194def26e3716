/**
 * The GroupContext extensions of a conversation: the required capabilities, which never change, and the policy.
 * A group with any other set is not one of ours.
 */
import { equalBytes } from "@xchat/codec";
import { POLICY_EXTENSION_TYPE } from "@xchat/protocol";
import { encodeRequiredCapabilities, type Extension } from "ts-mls";

const REQUIRED_CAPABILITIES = encodeRequiredCapabilities({
  extensionTypes: [POLICY_EXTENSION_TYPE],
  proposalTypes: [],
  credentialTypes: ["basic"],
});

export const groupExtensions = (policy: Uint8Array): Extension[] => [
  { extensionType: "required_capabilities", extensionData: REQUIRED_CAPABILITIES },
  { extensionType: POLICY_EXTENSION_TYPE, extensionData: policy },
];

/** The policy, or `null` when these are not exactly the extensions of one of our groups. */
export function policyOfExtensions(extensions: readonly Extension[]): Uint8Array | null {
  const [required, policy, ...others] = extensions;
  const isOurs =
    required?.extensionType === "required_capabilities" &&
    equalBytes(required.extensionData, REQUIRED_CAPABILITIES) &&
    policy?.extensionType === POLICY_EXTENSION_TYPE &&
    others.length === 0;
  return isOurs ? policy.extensionData : null;
}
