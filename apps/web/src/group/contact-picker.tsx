import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { PairChatView } from "@xchat/client/api";
import { useRef, useState, type ReactElement } from "react";
import { Virtualizer } from "virtua";
import { Avatar } from "../ui/avatar.tsx";
import { Hidden, Name } from "../ui/basics.tsx";
import { Icon, VerifiedSeal } from "../ui/icon.tsx";
import { isLike } from "../text/fold.ts";

/**
 * Contacts to choose from: those chosen stand above as chips. In the search field Enter takes the first that is found,
 * and Backspace in an empty one gives back the last.
 */
export function ContactPicker({
  contacts,
  chosen,
  onChange,
}: {
  readonly contacts: readonly PairChatView[];
  /** Account ids. */
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}): ReactElement {
  const { t } = useLingui();
  const [wanted, setWanted] = useState("");
  const found = contacts.filter((contact) => isLike(wanted, contact.name, contact.theirName));
  const toggle = (accountId: string): void =>
    onChange(chosen.includes(accountId) ? chosen.filter((id) => id !== accountId) : [...chosen, accountId]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const first = found.find(({ accountId }) => !chosen.includes(accountId)) ?? found[0];
    if (event.key === "Enter") {
      event.preventDefault();
      if (wanted.trim() === "" || first === undefined) return;
      toggle(first.accountId);
      setWanted("");
    } else if (event.key === "Backspace" && wanted === "" && chosen.length > 0) {
      onChange(chosen.slice(0, -1));
    }
  };
  return (
    <div className="picker">
      <Chips contacts={contacts} chosen={chosen} onRemove={toggle} />
      <input
        type="search"
        className="search-field"
        dir="auto"
        autoComplete="off"
        value={wanted}
        placeholder={t`Search your contacts`}
        aria-label={t`Search your contacts`}
        onChange={(event) => setWanted(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <p role="status" className="visually-hidden">
        {wanted.trim() !== "" && <Plural value={found.length} _0="nothing found" one="# hit" other="# hits" />}
      </p>
      {found.length === 0 ? (
        <p className="hint picker-nothing">
          <Trans>No contact is called so.</Trans>
        </p>
      ) : (
        <Choices contacts={found} chosen={chosen} onToggle={toggle} />
      )}
    </div>
  );
}

function Chips({
  contacts,
  chosen,
  onRemove,
}: {
  readonly contacts: readonly PairChatView[];
  readonly chosen: readonly string[];
  readonly onRemove: (accountId: string) => void;
}): ReactElement | null {
  const { t } = useLingui();
  if (chosen.length === 0) return null;
  return (
    <ul className="chips" aria-label={t`Chosen`}>
      {chosen.map((accountId) => {
        const name = contacts.find((contact) => contact.accountId === accountId)?.name ?? "?";
        return (
          <li key={accountId}>
            <button type="button" className="chip" onClick={() => onRemove(accountId)}>
              <Hidden>{t`Take away`}: </Hidden>
              <Avatar name={name} accountId={accountId} size="tiny" />
              <Name>{name}</Name>
              <Icon name="close" size={15} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Choices({
  contacts,
  chosen,
  onToggle,
}: {
  readonly contacts: readonly PairChatView[];
  readonly chosen: readonly string[];
  readonly onToggle: (accountId: string) => void;
}): ReactElement {
  const { t } = useLingui();
  const scroller = useRef<HTMLDivElement>(null);
  return (
    <div className="picker-list" ref={scroller} role="group" aria-label={t`Your contacts`}>
      <Virtualizer data={contacts} scrollRef={scroller} ssrCount={Math.min(contacts.length, 8)}>
        {(contact) => (
          <label key={contact.accountId} className="picker-row">
            <Avatar name={contact.name} accountId={contact.accountId} size="small" />
            <span className="picker-name">
              <Name>{contact.name}</Name>
              {contact.isVerified && (
                <>
                  <VerifiedSeal />
                  <Hidden>{t`, verified`}</Hidden>
                </>
              )}
            </span>
            <input
              type="checkbox"
              checked={chosen.includes(contact.accountId)}
              onChange={() => onToggle(contact.accountId)}
            />
            <span className="tick" aria-hidden="true">
              <Icon name="check" size={16} />
            </span>
          </label>
        )}
      </Virtualizer>
    </div>
  );
}
