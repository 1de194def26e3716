import { Trans, useLingui } from "@lingui/react/macro";
import type { DevicesView, DeviceView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { MAX_NAME_LENGTH } from "../app/limits.ts";
import { useTimeWords } from "../i18n/format.ts";
import type { Ready } from "../settings/settings.tsx";
import { Button, ErrorNote, Field, IconButton, Name, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { AskAgain, HistoryCards } from "./history.tsx";
import { LinkDialog } from "./link-dialog.tsx";

/** One account may have so many; the law is ID7. */
const MAX_DEVICES = 8;

export default function Devices({ profile }: { readonly profile: Ready }): ReactElement {
  const devices = useView("devices");
  const link = useView("link");
  const [isLinking, setLinking] = useState(false);
  // A link that was under way when the page was loaded anew is still there to be ended.
  const isOpen = isLinking || (link !== undefined && link.kind !== "none");
  if (devices === undefined) return <div aria-busy="true" />;
  return (
    <div className="cards">
      {devices.isRemoved && <Removed />}
      {!devices.isRemoved && <HistoryCards view={devices} />}
      {devices.work !== null && <Work work={devices.work} />}
      <ul className="card list-card">
        {devices.devices.map((device) => (
          <Row key={device.id} device={device} hasPassphrase={profile.hasPassphrase} isFrozen={devices.isRemoved} />
        ))}
      </ul>
      {!devices.isRemoved && (
        <section className="card">
          <p>
            <Trans>
              Use your account on a phone, a laptop and a terminal. All of them have the same chats; each has keys of
              its own, and each can be removed from any other.
            </Trans>
          </p>
          <div className="actions">
            <Button
              kind="primary"
              icon="link"
              aria-disabled={devices.devices.length >= MAX_DEVICES}
              onClick={() => setLinking(devices.devices.length < MAX_DEVICES)}
            >
              <Trans>Link a device</Trans>
            </Button>
          </div>
          {devices.devices.length >= MAX_DEVICES && (
            <p className="hint">
              <Trans>An account has at most eight devices. Remove one that you do not use.</Trans>
            </p>
          )}
          <AskAgain view={devices} />
        </section>
      )}
      {isOpen && <LinkDialog hasPassphrase={profile.hasPassphrase} onClose={() => setLinking(false)} />}
    </div>
  );
}

function Row({
  device,
  hasPassphrase,
  isFrozen,
}: {
  readonly device: DeviceView;
  readonly hasPassphrase: boolean;
  readonly isFrozen: boolean;
}): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  const [open, setOpen] = useState<"rename" | "remove" | null>(null);
  const name = device.name ?? t`A device without a name`;
  return (
    <li className="list-row device-row">
      <Icon name={device.isThis ? "check" : "devices"} size={21} />
      <span className="list-row-text">
        <Name>{name}</Name>
        <span className="hint">
          {device.isThis ? (
            <Trans>This device, added {words.full(device.addedAt)}</Trans>
          ) : (
            <Trans>Added {words.full(device.addedAt)}</Trans>
          )}
        </span>
        {!device.isLinked && (
          <span className="pill pill-warning">
            <Trans>not finished</Trans>
          </span>
        )}
      </span>
      {!isFrozen && <IconButton icon="edit" label={t`Rename ${name}`} onClick={() => setOpen("rename")} />}
      {!isFrozen && !device.isThis && (
        <IconButton icon="trash" label={t`Remove ${name}`} onClick={() => setOpen("remove")} />
      )}
      {open === "rename" && <Rename device={device} onClose={() => setOpen(null)} />}
      {open === "remove" && (
        <Remove device={device} name={name} hasPassphrase={hasPassphrase} onClose={() => setOpen(null)} />
      )}
    </li>
  );
}

function Rename({ device, onClose }: { readonly device: DeviceView; readonly onClose: () => void }): ReactElement {
  const { t } = useLingui();
  const [name, setName] = useState(device.name ?? "");
  const rename = useIntent("renameDevice");
  return (
    <Dialog title={t`Name of this device`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void rename.run({ id: device.id, name: name.trim() }).then(({ ok }) => {
            if (ok) onClose();
          });
        }}
      >
        <Field
          label={t`Name`}
          hint={t`Only your own devices see it.`}
          value={name}
          maxLength={MAX_NAME_LENGTH}
          onChange={(event) => setName(event.target.value)}
          autoFocus
          required
        />
        <ErrorNote code={rename.error} />
        <div className="actions">
          <Button kind="primary" type="submit" isBusy={rename.isBusy}>
            <Trans>Save</Trans>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Remove({
  device,
  name,
  hasPassphrase,
  onClose,
}: {
  readonly device: DeviceView;
  readonly name: string;
  readonly hasPassphrase: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [passphrase, setPassphrase] = useState("");
  const remove = useIntent("removeDevice");
  return (
    <Dialog title={t`Remove this device?`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void remove.run({ id: device.id, passphrase: hasPassphrase ? passphrase : null }).then(({ ok }) => {
            if (ok) onClose();
          });
        }}
      >
        <div className="dialog-text">
          <p>
            <Trans>
              <Name>{name}</Name> goes off the list of your account, and every chat gets new keys. It reads nothing that
              is written from then on.
            </Trans>
          </p>
          <p>
            <Trans>What it has already, it keeps. It can come back only if you link it anew.</Trans>
          </p>
        </div>
        {hasPassphrase && (
          <Field
            label={t`Passphrase of this device`}
            type="password"
            autoComplete="current-password"
            dir="ltr"
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
            required
          />
        )}
        <ErrorNote code={remove.error} />
        <div className="actions">
          <Button onClick={onClose}>
            <Trans>Keep it</Trans>
          </Button>
          <Button kind="danger" type="submit" isBusy={remove.isBusy}>
            <Trans>Remove</Trans>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Removed(): ReactElement {
  return (
    <Note kind="bad" title={<Trans>This device was removed from your account</Trans>}>
      <Trans>
        What is here is kept, to read and to export. Nothing comes or goes any more. To use it again, take the store off
        this device and link it anew from another one.
      </Trans>
    </Note>
  );
}

function Work({ work }: { readonly work: NonNullable<DevicesView["work"]> }): ReactElement {
  const { t } = useLingui();
  const { done, total, failing } = work;
  return (
    <section className="card" role="status">
      <h2>
        <Trans>Your chats follow the list of devices</Trans>
      </h2>
      <progress className="progress" value={done} max={total} aria-label={t`${done} of ${total} chats are done`} />
      <p className="hint">
        <Trans>
          {done} of {total} chats are done. It goes on in the background, and after a restart.
        </Trans>
      </p>
      {failing.length > 0 && (
        <p className="hint">
          <Trans>Not yet, and tried again: {failing.length}. Mostly a node cannot be reached at the moment.</Trans>
        </p>
      )}
    </section>
  );
}
