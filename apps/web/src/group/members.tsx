import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { GroupRole, GroupView, MemberView } from "@xchat/client/api";
import { useRef, useState, type ReactElement } from "react";
import { Virtualizer } from "virtua";
import { isLike } from "../text/fold.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, Hidden, Name } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { VerifiedSeal } from "../ui/icon.tsx";

/** So many stand in the panel; the rest opens in a list of its own, so that what lies below stays within reach. */
const SHOWN = 7;
const RANKS: { readonly [R in GroupRole]: number } = { owner: 0, admin: 1, member: 2 };

/** The reader first, then by rank, then by name. */
export function inOrder(members: readonly MemberView[], locale: string): readonly MemberView[] {
  const compare = new Intl.Collator(locale).compare;
  return members.toSorted(
    (a, b) => Number(b.isSelf) - Number(a.isSelf) || RANKS[a.role] - RANKS[b.role] || compare(a.name, b.name),
  );
}

export function MembersSection({
  group,
  onAdd,
  onAll,
  onMember,
}: {
  readonly group: GroupView;
  readonly onAdd: (() => void) | null;
  readonly onAll: () => void;
  readonly onMember: (accountId: string) => void;
}): ReactElement | null {
  const { i18n } = useLingui();
  const members = inOrder(group.members, i18n.locale);
  const { length } = members;
  if (length === 0) return null;
  return (
    <section className="panel-section">
      <div className="section-head panel-section-head">
        <h2 className="section-title">
          <Trans>Who is in it</Trans>
        </h2>
        {onAdd !== null && (
          <Button kind="quiet" icon="invite" onClick={onAdd}>
            <Trans>Add</Trans>
          </Button>
        )}
      </div>
      <ul className="member-list">
        {members.slice(0, length > SHOWN + 1 ? SHOWN : length).map((member) => (
          <li key={member.accountId}>
            <MemberRow member={member} onOpen={() => onMember(member.accountId)} />
          </li>
        ))}
      </ul>
      {length > SHOWN + 1 && (
        <Button onClick={onAll}>
          <Plural value={length} one="Show # person" other="Show all # people" />
        </Button>
      )}
    </section>
  );
}

export function MembersDialog({
  members,
  onMember,
  onClose,
}: {
  readonly members: readonly MemberView[];
  readonly onMember: (accountId: string) => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t, i18n } = useLingui();
  const [wanted, setWanted] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const found = inOrder(
    members.filter(({ name }) => isLike(wanted, name)),
    i18n.locale,
  );
  return (
    <Dialog title={t`Who is in it`} onClose={onClose}>
      <input
        type="search"
        className="search-field"
        dir="auto"
        value={wanted}
        placeholder={t`Search`}
        aria-label={t`Search in this group`}
        onChange={(event) => setWanted(event.target.value)}
      />
      <p role="status" className="hint member-count">
        <Plural value={found.length} _0="Nobody is called so." one="# person" other="# people" />
      </p>
      <div className="member-scroll" ref={scroller}>
        <Virtualizer data={found} scrollRef={scroller}>
          {(member) => <MemberRow key={member.accountId} member={member} onOpen={() => onMember(member.accountId)} />}
        </Virtualizer>
      </div>
    </Dialog>
  );
}

function MemberRow({ member, onOpen }: { readonly member: MemberView; readonly onOpen: () => void }): ReactElement {
  const { t } = useLingui();
  return (
    <button type="button" className="member-row" onClick={onOpen} data-member={member.accountId}>
      <Avatar name={member.name} accountId={member.accountId} size="small" />
      <span className="member-text">
        <span className="member-name">
          <Name>{member.name}</Name>
          {member.isVerified && !member.isSelf && (
            <>
              <VerifiedSeal />
              <Hidden>{t`, verified`}</Hidden>
            </>
          )}
        </span>
        <MemberState member={member} />
      </span>
      <RolePill role={member.role} />
    </button>
  );
}

/** What is out of the ordinary about somebody, in a few words; nothing about most. */
function MemberState({ member }: { readonly member: MemberView }): ReactElement | null {
  const isAlone = !member.isLeaving && !member.isSelf && member.isContact && member.devices > 0;
  if (isAlone) return null;
  return (
    <span className="hint">
      {member.isLeaving ? (
        <Trans>is leaving</Trans>
      ) : member.isSelf ? (
        <Trans>You</Trans>
      ) : member.devices === 0 ? (
        <Trans>without a device here</Trans>
      ) : (
        <Trans>not a contact of yours</Trans>
      )}
    </span>
  );
}

export function RolePill({ role }: { readonly role: GroupRole }): ReactElement | null {
  if (role === "member") return null;
  return <span className={`pill pill-${role}`}>{role === "owner" ? <Trans>Owner</Trans> : <Trans>Admin</Trans>}</span>;
}
