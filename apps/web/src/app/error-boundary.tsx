import { Trans } from "@lingui/react/macro";
import { Component, type ReactNode } from "react";
import { Button } from "../ui/basics.tsx";

/** In place of a screen that failed, be it by a fault or because its file could not be fetched. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { readonly hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <div className="empty" role="alert">
        <p className="empty-title">
          <Trans>This part of X Chat could not be shown</Trans>
        </p>
        <div className="empty-text">
          <p>
            <Trans>Your messages are kept. Reload to try again.</Trans>
          </p>
          <Button kind="primary" icon="refresh" onClick={() => location.reload()}>
            <Trans>Reload</Trans>
          </Button>
        </div>
      </div>
    );
  }
}
