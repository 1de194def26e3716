import { Trans, useLingui } from "@lingui/react/macro";
import { type NodeView, typedAddress } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useNow } from "../app/connection.tsx";
import { useIntent, useView } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Button, ErrorNote, Field, IconButton, Note } from "../ui/basics.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";
import { Pane } from "../ui/pane.tsx";
import { Relays } from "./relays.tsx";

export default function Network(): ReactElement {
  const { t } = useLingui();
  const network = useView("network");
  const retry = useIntent("retryNow");
  const nodes = network?.nodes ?? [];
  const isWaiting = nodes.some((node) => node.retryAt !== null);
  return (
    <Pane title={t`Network`} isRoot>
      <p className="lead-small">
        <Trans>
          Nodes keep sealed envelopes until the other person's device fetches them. They cannot read what is inside, nor
          find your name or account in it.
        </Trans>
      </p>
      {network?.isSingleNode === true && (
        <Note kind="warning" title={t`You use a single node`}>
          {network.relays.length === 0 ? (
            <Trans>
              It sees the internet address of your device, and "stored" means 1 of 1: if it is lost, so is what waits
              there. Add a relay of other people to change the first, more nodes to change the second.
            </Trans>
          ) : (
            <Trans>
              "Stored" means 1 of 1: if it is lost, so is what waits there. Add nodes of other people to change that.
            </Trans>
          )}
        </Note>
      )}
      {network?.isLocalOnly === true && (
        <Note title={t`Reachable from this machine only`}>
          <Trans>
            Invitations that you make work here alone. For people elsewhere, add a node with a public address, or start
            this one with its own public address.
          </Trans>
        </Note>
      )}
      <section>
        <div className="section-head">
          <h2 className="section-title">
            <Trans>Your nodes</Trans>
          </h2>
          {isWaiting && (
            <Button icon="refresh" isBusy={retry.isBusy} onClick={() => void retry.run({})}>
              <Trans>Try now</Trans>
            </Button>
          )}
        </div>
        <ErrorNote code={retry.error} />
        <ul className="card list-card">
          {nodes.map((node) => (
            <li key={node.address}>
              <NodeRow node={node} />
            </li>
          ))}
          {nodes.length === 0 && (
            <li className="list-row">
              <p className="hint">
                {network === undefined ? <Trans>Looking …</Trans> : <Trans>No node yet. Add one below.</Trans>}
              </p>
            </li>
          )}
        </ul>
      </section>
      <AddNode />
      {network !== undefined && <Relays network={network} />}
    </Pane>
  );
}

function NodeRow({ node }: { readonly node: NodeView }): ReactElement {
  const { t } = useLingui();
  const [isRemoving, setRemoving] = useState(false);
  const remove = useIntent("removeNode");
  const confirm = async (): Promise<void> => {
    const done = await remove.run({ address: node.address });
    if (done.ok) setRemoving(false);
  };
  return (
    <div className="list-row node-row">
      <span className={`node-dot node-${node.state}`} aria-hidden="true" />
      <span className="list-row-text">
        <span className="address" dir="ltr">
          {typedAddress(node.address)}
        </span>
        <span className="hint">
          <NodeState node={node} />
        </span>
        <span className="hint">
          <Trans>
            Key <code dir="ltr">{node.keyHash}</code>
          </Trans>
        </span>
      </span>
      <IconButton
        icon="trash"
        size={20}
        label={t`Remove ${typedAddress(node.address)}`}
        onClick={() => setRemoving(true)}
      />
      {isRemoving && (
        <ConfirmDialog
          title={t`Remove this node?`}
          action={t`Remove`}
          onConfirm={() => void confirm()}
          onClose={() => setRemoving(false)}
          isBusy={remove.isBusy}
        >
          <p className="address" dir="ltr">
            {typedAddress(node.address)}
          </p>
          <p>
            <Trans>
              Your app no longer connects to it for new chats. What waits there for chats that have it as home is still
              fetched.
            </Trans>
          </p>
          <ErrorNote code={remove.error} />
        </ConfirmDialog>
      )}
    </div>
  );
}

function NodeState({ node }: { readonly node: NodeView }): ReactElement {
  const now = useNow(node.retryAt !== null);
  const words = useTimeWords();
  const again = node.retryAt === null ? null : <Trans>Next try {words.until(node.retryAt, now)}.</Trans>;
  switch (node.state) {
    case "ready":
      return node.via === null ? (
        <Trans>Connected</Trans>
      ) : (
        <Trans>
          Connected through the relay <bdi dir="ltr">{typedAddress(node.via)}</bdi>
        </Trans>
      );
    case "no-relay":
      return (
        <>
          <Trans>
            None of your relays leads to it, or none may: one that the same people seem to run is not used for it. What
            you write waits.
          </Trans>{" "}
          {again}
        </>
      );
    case "connecting":
      return <Trans>Connecting …</Trans>;
    case "down":
      return (
        <>
          <Trans>Does not answer.</Trans> {again}
        </>
      );
    case "clock-wrong":
      return <Trans>Its clock and that of this device differ by more than an hour, so nothing is sent to it.</Trans>;
    case "refused":
      return (
        <>
          <Trans>Refuses for now: full, or closed to others.</Trans> {again}
        </>
      );
    default:
      return (
        <Trans>
          Its key has changed. It may have been set up anew, or be another node in its place: ask its operator, then
          remove it and add it again.
        </Trans>
      );
  }
}

function AddNode(): ReactElement {
  const { t } = useLingui();
  const [address, setAddress] = useState("");
  const add = useIntent("addNode");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const added = await add.run({ address: address.trim() });
    if (added.ok) setAddress("");
  };
  return (
    <section className="card">
      <h2>
        <Trans>Add a node</Trans>
      </h2>
      <form onSubmit={(event) => void submit(event)}>
        <Field
          label={t`Address`}
          dir="ltr"
          inputMode="url"
          spellCheck={false}
          placeholder="https://node.example"
          hint={t`Anyone can run a node. Choose ones of different people, so that no single one sees all of your envelopes.`}
          value={address}
          onChange={(event) => setAddress(event.target.value)}
          required
        />
        <ErrorNote code={add.error} />
        <div className="actions">
          <Button kind="primary" type="submit" icon="plus" isBusy={add.isBusy}>
            <Trans>Add</Trans>
          </Button>
        </div>
      </form>
    </section>
  );
}
