import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { ErrorNote } from "../ui/basics.tsx";
import { SwitchRow } from "../ui/switch-row.tsx";
import type { Ready } from "./settings.tsx";

export default function Privacy({ profile }: { readonly profile: Ready }): ReactElement {
  const { t } = useLingui();
  const set = useIntent("setSettings");
  const { settings } = profile;
  return (
    <section className="card">
      <SwitchRow
        label={t`Direct connections`}
        isOn={settings.directAllowed}
        onChange={(directAllowed) => void set.run({ directAllowed })}
      >
        <Trans>
          On: with contacts whom you allow it, messages go straight from device to device, and the two of you can see
          each other's internet address. Off: never, with nobody.
        </Trans>
      </SwitchRow>
      <SwitchRow
        label={t`Tell when I have read`}
        isOn={settings.shareReadState}
        onChange={(shareReadState) => void set.run({ shareReadState })}
      >
        <Trans>Others see that you have read their messages. What they share with you does not depend on it.</Trans>
      </SwitchRow>
      <ErrorNote code={set.error} />
    </section>
  );
}
