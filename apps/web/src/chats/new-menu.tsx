import { useLingui } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { go } from "../app/places.ts";
import { MenuButton } from "../ui/menu-button.tsx";

/** What can begin here. */
export function NewMenu(): ReactElement {
  const { t } = useLingui();
  return (
    <MenuButton
      icon="plus"
      label={t`New chat`}
      items={[
        { icon: "group", label: t`New group`, run: () => go({ at: "new-group" }) },
        { icon: "invite", label: t`Invite someone`, run: () => go({ at: "people" }) },
      ]}
    />
  );
}
