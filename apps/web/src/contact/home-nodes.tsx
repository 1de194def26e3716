import { typedAddress } from "@xchat/client/api";
import { Trans } from "@lingui/react/macro";
import type { ReactElement } from "react";

/** Where sealed messages of a chat lie. */
export function HomeNodes({ nodes }: { readonly nodes: readonly string[] }): ReactElement {
  return (
    <section className="panel-section">
      <h2 className="section-title">
        <Trans>Home nodes of this chat</Trans>
      </h2>
      <p className="hint">
        <Trans>Here sealed messages wait for whoever is offline.</Trans>
      </p>
      {nodes.length === 0 ? (
        <p className="hint">
          <Trans>Not chosen yet.</Trans>
        </p>
      ) : (
        <ul className="plain-list">
          {nodes.map((node) => (
            <li key={node} className="address" dir="ltr">
              {typedAddress(node)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
