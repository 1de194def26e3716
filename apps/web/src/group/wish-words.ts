/** Words for what somebody wants to change and has not been done: short, as on a button. */
import { useLingui } from "@lingui/react/macro";
import type { GroupActionView } from "@xchat/client/api";
import { isolated, useHolderWords, usePermissionWords } from "../chat/record-words.ts";
import { useDurationWords } from "../i18n/duration.ts";

export function useWishWords(): (action: GroupActionView) => string {
  const { t } = useLingui();
  const permissions = usePermissionWords();
  const holders = useHolderWords();
  const duration = useDurationWords();
  return (action) => {
    const name = "person" in action ? isolated(action.person.name) : "";
    switch (action.kind) {
      case "added":
        return t`Add ${name}`;
      case "removed":
      case "left":
        return t`Remove ${name}`;
      case "role":
        return action.to === "owner"
          ? t`Pass the group on to ${name}`
          : action.to === "admin"
            ? t`Make ${name} an admin`
            : t`Take the role of admin from ${name}`;
      case "leaving":
        return action.isLeaving ? t`Leave the group` : t`Stay in the group`;
      case "name": {
        const to = isolated(action.to ?? "");
        return action.to === null ? t`Take the name away` : t`Name it "${to}"`;
      }
      case "description":
        return t`Change the description`;
      case "picture":
        return t`Change the picture`;
      case "home-nodes":
        return t`Change the home nodes`;
      case "link-made":
        return t`Make a link to join`;
      case "link-revoked":
        return t`Take a link back`;
      case "permission": {
        const right = permissions[action.name];
        const holder = holders[action.to];
        return t`${right}: ${holder}`;
      }
      case "timer": {
        if (action.to === null) return t`Switch disappearing messages off`;
        const time = duration(action.to);
        return t`Let messages disappear after ${time}`;
      }
      case "device-added":
      case "device-removed":
      case "rejoined":
        return t`Bring the devices of ${name} up to date`;
      default:
        return t`Another change`;
    }
  };
}
