import { useLingui } from "@lingui/react/macro";
import type { ReactElement, ReactNode } from "react";
import { goBack } from "../app/places.ts";
import { IconButton } from "./basics.tsx";

/** A screen beside the list of chats; on a phone it takes the whole width and leads back. */
export function Pane({
  title,
  children,
  isRoot = false,
  onBack = goBack,
}: {
  readonly title: string;
  readonly children: ReactNode;
  /** Reached from the bar at the edge, so that there is no way back to show. */
  readonly isRoot?: boolean;
  readonly onBack?: () => void;
}): ReactElement {
  const { t } = useLingui();
  return (
    <div className="pane">
      <header className="pane-header">
        {!isRoot && <IconButton icon="back" label={t`Back`} onClick={onBack} />}
        <h1 className="pane-title">{title}</h1>
      </header>
      <div className="pane-scroll" role="region" aria-label={title} tabIndex={0}>
        <div className="pane-body">{children}</div>
      </div>
    </div>
  );
}
