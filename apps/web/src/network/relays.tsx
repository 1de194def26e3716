import { Trans, useLingui } from "@lingui/react/macro";
import { type NetworkView, type RelayView, typedAddress } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { Button, ErrorNote, Field, IconButton } from "../ui/basics.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";
import { SwitchRow } from "../ui/switch-row.tsx";

/** Through whom nodes are reached, and what each of them learns. */
export function Relays({ network }: { readonly network: NetworkView }): ReactElement {
  const { relays, whenNoRelay } = network;
  const set = useIntent("setWhenNoRelay");
  const { t } = useLingui();
  return (
    <section className="cards">
      <h2 className="section-title">
        <Trans>Relays</Trans>
      </h2>
      <p className="hint">
        <Trans>
          A relay passes on what your app asks of nodes. They then see the relay's internet address and not yours. The
          relay sees your address, which nodes you use, and when; it cannot read what passes, nor learn for whom it is.
          Choose relays of other people than your nodes: whoever runs both can put the two together.
        </Trans>
      </p>
      <p className="hint">
        <Trans>
          The site from which you open this app sees your address each time the app is loaded, with relays too. It
          should not be one of your nodes then. Direct connections show your address to the contacts whom you allow
          them.
        </Trans>
      </p>
      {relays.length > 0 && (
        <>
          <ul className="card list-card">
            {relays.map((relay) => (
              <li key={relay.address}>
                <RelayRow relay={relay} isLast={relays.length === 1} />
              </li>
            ))}
          </ul>
          <div className="card">
            <SwitchRow
              label={t`Go directly when no relay works`}
              isOn={whenNoRelay === "direct"}
              onChange={(isOn) => void set.run({ way: isOn ? "direct" : "wait" })}
            >
              <Trans>
                Off: what you write waits until a relay leads to the node, and so does what others write to you. On: it
                goes at once, and the node sees your internet address.
              </Trans>
            </SwitchRow>
            <ErrorNote code={set.error} />
          </div>
        </>
      )}
      <AddRelay hasNone={relays.length === 0} />
    </section>
  );
}

function RelayRow({ relay, isLast }: { readonly relay: RelayView; readonly isLast: boolean }): ReactElement {
  const { t } = useLingui();
  const [isRemoving, setRemoving] = useState(false);
  const remove = useIntent("removeRelay");
  const confirm = async (): Promise<void> => {
    const done = await remove.run({ address: relay.address });
    if (done.ok) setRemoving(false);
  };
  return (
    <div className="list-row node-row">
      <span className={`node-dot node-${relay.state}`} aria-hidden="true" />
      <span className="list-row-text">
        <span className="address" dir="ltr">
          {typedAddress(relay.address)}
        </span>
        <span className="hint">
          <RelayState state={relay.state} />
        </span>
        {relay.operator !== null && (
          <span className="hint">
            <Trans>
              Run by <bdi>{relay.operator}</bdi>, as it says
            </Trans>
          </span>
        )}
        <span className="hint">
          <Trans>
            Key <code dir="ltr">{relay.keyHash}</code>
          </Trans>
        </span>
      </span>
      <IconButton
        icon="trash"
        size={20}
        label={t`Remove ${typedAddress(relay.address)}`}
        onClick={() => setRemoving(true)}
      />
      {isRemoving && (
        <ConfirmDialog
          title={t`Remove this relay?`}
          action={t`Remove`}
          onConfirm={() => void confirm()}
          onClose={() => setRemoving(false)}
          isBusy={remove.isBusy}
        >
          <p className="address" dir="ltr">
            {typedAddress(relay.address)}
          </p>
          <p>
            {isLast ? (
              <Trans>It is your last one: from then on your nodes see your internet address.</Trans>
            ) : (
              <Trans>Your nodes are reached through the others from then on.</Trans>
            )}
          </p>
          <ErrorNote code={remove.error} />
        </ConfirmDialog>
      )}
    </div>
  );
}

function RelayState({ state }: { readonly state: RelayView["state"] }): ReactElement {
  switch (state) {
    case "idle":
      return <Trans>Not used so far</Trans>;
    case "connecting":
      return <Trans>Connecting …</Trans>;
    case "ready":
      return <Trans>Connected</Trans>;
    case "down":
      return <Trans>Does not answer.</Trans>;
    case "clock-wrong":
      return <Trans>Its clock and that of this device differ by more than an hour, so nothing is sent to it.</Trans>;
    case "not-a-relay":
      return <Trans>It says that it is no relay any more.</Trans>;
    case "key-changed":
      return (
        <Trans>
          Its key has changed. It may have been set up anew, or be another node in its place: ask its operator, then
          remove it and add it again.
        </Trans>
      );
  }
}

function AddRelay({ hasNone }: { readonly hasNone: boolean }): ReactElement {
  const { t } = useLingui();
  const [address, setAddress] = useState("");
  const add = useIntent("addRelay");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const added = await add.run({ address: address.trim() });
    if (added.ok) setAddress("");
  };
  return (
    <form className="card" onSubmit={(event) => void submit(event)}>
      <Field
        label={t`Address of a relay`}
        dir="ltr"
        inputMode="url"
        spellCheck={false}
        placeholder="https://relay.example"
        hint={
          hasNone
            ? t`You use none: each of your nodes sees your internet address. Two or three are best.`
            : t`Two or three are best, each of different people. Each of your nodes is reached through one of them.`
        }
        value={address}
        onChange={(event) => setAddress(event.target.value)}
        required
      />
      <ErrorNote code={add.error} />
      <div className="actions">
        <Button type="submit" icon="plus" isBusy={add.isBusy}>
          <Trans>Add relay</Trans>
        </Button>
      </div>
    </form>
  );
}
