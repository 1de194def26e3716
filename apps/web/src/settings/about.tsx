import { Trans } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { buildId } from "../platform/build.ts";
import { Note } from "../ui/basics.tsx";
import { Mark } from "../ui/icon.tsx";

export default function About(): ReactElement {
  return (
    <section className="card prose">
      <Mark size={48} />
      <p>
        <Trans>
          X Chat is a messenger without a company in the middle. Your keys are your account, anyone can run a node, and
          no node is trusted.
        </Trans>
      </p>
      <Note kind="warning" title={<Trans>No outside audit has been made</Trans>}>
        <Trans>
          The cryptography follows open standards (MLS, HPKE, X-Wing), and the tests are public. Nobody independent has
          examined the whole so far. If a life depends on it, do not rely on it alone.
        </Trans>
      </Note>
      <h2>
        <Trans>What others can and cannot see</Trans>
      </h2>
      <ul>
        <li>
          <Trans>
            A node that keeps your envelopes cannot read them or learn your account. It can count them and see when they
            come.
          </Trans>
        </li>
        <li>
          <Trans>With a single node, that node also sees the internet address of your device.</Trans>
        </li>
        <li>
          <Trans>A contact with whom you connect directly sees your internet address.</Trans>
        </li>
        <li>
          <Trans>
            The node that serves this app could serve an altered one. The terminal client does not have this weakness.
          </Trans>
        </li>
        <li>
          <Trans>A contact can keep and show what you wrote to them.</Trans>
        </li>
      </ul>
      <p>
        <a href="/licences.txt" target="_blank" rel="noreferrer">
          <Trans>Licences of the parts that others made</Trans>
        </a>
      </p>
      <p className="hint">
        <Trans>
          Version <code dir="ltr">{buildId()}</code>
        </Trans>
      </p>
    </section>
  );
}
