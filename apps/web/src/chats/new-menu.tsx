import { useLingui } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { areGroupsReady } from "../app/groups-ready.ts";
import { go } from "../app/places.ts";
import { IconButton } from "../ui/basics.tsx";
import { MenuButton } from "../ui/menu-button.tsx";

/** What can begin here. */
export function NewMenu(): ReactElement {
  const { t } = useLingui();
  if (!areGroupsReady) return <IconButton icon="plus" label={t`New contact`} onClick={() => go({ at: "people" })} />;
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
