import { Trans, useLingui } from "@lingui/react/macro";
import type { ProfileView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { MAX_NAME_LENGTH } from "../app/limits.ts";
import { go, type SettingsSection } from "../app/places.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Field } from "../ui/basics.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Pane } from "../ui/pane.tsx";
import { lazyScreen } from "../i18n/locales.ts";
import { LockNow } from "./lock-now.tsx";

const BUSY = <div aria-busy="true" />;

const sections: {
  readonly [S in SettingsSection]: (props: { readonly profile: Ready }) => ReactElement | null;
} = {
  words: lazyScreen(() => import("./words.tsx"), BUSY),
  backup: lazyScreen(() => import("./backup.tsx"), BUSY),
  devices: lazyScreen(() => import("../devices/devices.tsx"), BUSY),
  passphrase: lazyScreen(() => import("./passphrase.tsx"), BUSY),
  privacy: lazyScreen(() => import("./privacy.tsx"), BUSY),
  look: lazyScreen(() => import("./look.tsx"), BUSY),
  data: lazyScreen(() => import("./data.tsx"), BUSY),
  doctor: lazyScreen(() => import("./doctor.tsx"), BUSY),
  about: lazyScreen(() => import("./about.tsx"), BUSY),
};

export type Ready = Extract<ProfileView, { state: "ready" }>;

export default function Settings({
  profile,
  section,
}: {
  readonly profile: Ready;
  readonly section: SettingsSection | null;
}): ReactElement {
  const { t } = useLingui();
  const titles: { readonly [S in SettingsSection]: string } = {
    words: t`Recovery words`,
    backup: t`Account backup`,
    devices: t`Devices`,
    passphrase: t`Passphrase`,
    privacy: t`Privacy`,
    look: t`Language and look`,
    data: t`Storage and export`,
    doctor: t`Check-up`,
    about: t`About X Chat`,
  };
  if (section !== null) {
    const Section = sections[section];
    return (
      <Pane title={titles[section]} onBack={() => go({ at: "settings" })}>
        <Section profile={profile} />
      </Pane>
    );
  }
  const icons: { readonly [S in SettingsSection]: IconName } = {
    words: "words",
    backup: "vault",
    devices: "devices",
    passphrase: "key",
    privacy: "direct",
    look: "look",
    data: "download",
    doctor: "pulse",
    about: "info",
  };
  return (
    <Pane title={t`Settings`} isRoot>
      <Me profile={profile} />
      <ul className="card list-card">
        {(Object.keys(icons) as SettingsSection[]).map((name) => (
          <li key={name}>
            <button type="button" className="list-row" onClick={() => go({ at: "settings", section: name })}>
              <Icon name={icons[name]} size={21} />
              <span className="list-row-text list-row-flow">
                {titles[name]}
                {name === "words" && profile.recoveryWords === "unwritten" && (
                  <span className="pill pill-warning">
                    <Trans>not written down</Trans>
                  </span>
                )}
              </span>
              <Icon name="forward" size={18} />
            </button>
          </li>
        ))}
      </ul>
      {profile.hasPassphrase && <LockNow />}
    </Pane>
  );
}

function Me({ profile }: { readonly profile: Ready }): ReactElement {
  const { t } = useLingui();
  const [name, setName] = useState(profile.name);
  const save = useIntent("setName");
  const isChanged = name.trim() !== profile.name;
  return (
    <section className="card me">
      <Avatar name={profile.name} accountId={profile.accountId} size="large" />
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save.run({ name: name.trim() });
        }}
      >
        <Field
          label={t`Your name`}
          value={name}
          maxLength={MAX_NAME_LENGTH}
          onChange={(event) => setName(event.target.value)}
        />
        {isChanged && (
          <Button type="submit" isBusy={save.isBusy}>
            <Trans>Save</Trans>
          </Button>
        )}
      </form>
      <ErrorNote code={save.error} />
      <div className="me-id">
        <p className="hint">
          <Trans>Your account, on {profile.deviceName}</Trans>
        </p>
        <p className="address" dir="ltr">
          {profile.accountId}
        </p>
        <CopyButton text={profile.accountId}>
          <Trans>Copy</Trans>
        </CopyButton>
      </div>
    </section>
  );
}
