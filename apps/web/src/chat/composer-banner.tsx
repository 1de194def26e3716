import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { IconButton } from "../ui/basics.tsx";
import { Icon } from "../ui/icon.tsx";
import { textOf, type Writing } from "./writing.ts";

/** Above the field: what is answered or edited, and the way out of it. */
export function ComposerBanner({
  writing,
  name,
  onCancel,
}: {
  readonly writing: Exclude<Writing, { kind: "new" }>;
  readonly name: string;
  readonly onCancel: () => void;
}): ReactElement {
  const { t } = useLingui();
  const message = writing.kind === "reply" ? writing.to : writing.message;
  return (
    <div className="composer-banner" role="status">
      <Icon name={writing.kind === "reply" ? "reply" : "edit"} size={19} />
      <div className="composer-banner-text">
        <strong>
          {writing.kind === "edit" ? (
            <Trans>Editing your message</Trans>
          ) : message.isOwn ? (
            <Trans>Answering yourself</Trans>
          ) : (
            <Trans>
              Answering <bdi>{name}</bdi>
            </Trans>
          )}
        </strong>
        <span className="quote-text" dir="auto">
          {textOf(message)}
        </span>
      </div>
      <IconButton
        icon="close"
        label={writing.kind === "reply" ? t`Do not answer` : t`Do not edit`}
        onClick={onCancel}
      />
    </div>
  );
}
