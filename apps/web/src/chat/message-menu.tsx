import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@xchat/client/api";
import { useLayoutEffect, useRef, type ReactElement } from "react";
import { classes } from "../ui/basics.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";

/** What people answer with most; the rest is behind "more". */
export const QUICK_REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🙏"] as const;

export type MessageAction =
  | "reply"
  | "copy"
  | "edit"
  | "forward"
  | "pin"
  | "star"
  | "details"
  | "more-reactions"
  | "delete";

export interface MenuPlace {
  readonly id: string;
  /** On the screen, in pixels. */
  readonly x: number;
  readonly y: number;
}

const MARGIN = 8;

/** Hangs at the point where it was asked for: a button, the pointer, a finger, or the message that has the focus. */
export function MessageMenu({
  message,
  place,
  mayWrite,
  onAction,
  onReact,
  onClose,
}: {
  readonly message: MessageView;
  readonly place: MenuPlace;
  readonly mayWrite: boolean;
  readonly onAction: (action: MessageAction) => void;
  readonly onReact: (reaction: string, isOn: boolean) => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const isText = message.content.kind === "text";
  const isMessage = isText || message.content.kind === "unknown";
  const own = message.reactions.filter(({ isOwn }) => isOwn).map(({ reaction }) => plain(reaction));
  const entries: readonly (readonly [MessageAction, IconName, string, boolean])[] = [
    ["reply", "reply", t`Reply`, isMessage && mayWrite],
    ["copy", "copy", t`Copy text`, isText],
    ["edit", "edit", t`Edit`, isText && message.isOwn && mayWrite],
    ["forward", "share", t`Forward`, isText],
    ["pin", "pin", message.isPinned ? t`Take the pin away` : t`Pin for everyone`, isMessage && mayWrite],
    ["star", "star", message.isStarred ? t`Take the star away` : t`Star`, isMessage],
    ["details", "info", t`Details`, true],
    ["delete", "trash", t`Delete`, message.content.kind !== "lost"],
  ];
  const menu = useRef<HTMLDivElement>(null);
  usePlaced(menu, place);
  const choose = (run: () => void): void => {
    onClose();
    run();
  };
  return (
    <div
      className="menu-layer"
      onPointerDown={(event) => event.target === event.currentTarget && onClose()}
      onContextMenu={(event) => event.preventDefault()}
    >
      <div
        className="menu"
        ref={menu}
        role="menu"
        aria-label={t`What to do with this message`}
        onKeyDown={(event) => onMenuKey(event, menu.current, onClose)}
      >
        {isMessage && mayWrite && (
          <div className="menu-reactions" role="group" aria-label={t`React`}>
            {QUICK_REACTIONS.map((reaction) => {
              const isOn = own.includes(plain(reaction));
              return (
                <button
                  key={reaction}
                  type="button"
                  role="menuitemcheckbox"
                  className="menu-reaction"
                  aria-checked={isOn}
                  tabIndex={-1}
                  onClick={() => choose(() => onReact(reaction, !isOn))}
                >
                  {reaction}
                </button>
              );
            })}
            <button
              type="button"
              role="menuitem"
              className="menu-reaction"
              aria-label={t`Another reaction`}
              tabIndex={-1}
              onClick={() => choose(() => onAction("more-reactions"))}
            >
              <Icon name="plus" size={19} />
            </button>
          </div>
        )}
        {entries
          .filter(([, , , isThere]) => isThere)
          .map(([action, icon, label]) => (
            <button
              key={action}
              type="button"
              role="menuitem"
              className={classes("menu-item", action === "delete" && "menu-danger")}
              data-action={action}
              tabIndex={-1}
              onClick={() => choose(() => onAction(action))}
            >
              <Icon name={icon} size={19} />
              {label}
            </button>
          ))}
      </div>
    </div>
  );
}

/** Where it was asked for, but whole on the screen; with the focus on its first entry. */
function usePlaced(menu: React.RefObject<HTMLDivElement | null>, { x, y }: MenuPlace): void {
  useLayoutEffect(() => {
    const element = menu.current;
    if (element === null) return;
    const { width, height } = element.getBoundingClientRect();
    const isRightToLeft = document.documentElement.dir === "rtl";
    const left = isRightToLeft ? x - width : x;
    element.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
    element.style.top = `${Math.max(MARGIN, Math.min(y, innerHeight - height - MARGIN))}px`;
    items(element)[0]?.focus({ preventScroll: true });
  }, [menu, x, y]);
}

const items = (menu: HTMLElement | null): readonly HTMLElement[] => [
  ...(menu?.querySelectorAll<HTMLElement>("button") ?? []),
];

function onMenuKey(event: React.KeyboardEvent, menu: HTMLElement | null, onClose: () => void): void {
  event.stopPropagation();
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    onClose();
    return;
  }
  const all = items(menu);
  const at = all.indexOf(document.activeElement as HTMLElement);
  const reactions = all.filter((item) => item.classList.contains("menu-reaction")).length;
  const isInReactions = at < reactions;
  const side = document.documentElement.dir === "rtl" ? -1 : 1;
  const next = {
    ArrowDown: isInReactions ? reactions : at + 1,
    ArrowUp: isInReactions ? all.length - 1 : at === reactions ? 0 : at - 1,
    ArrowRight: isInReactions ? at + side : at,
    ArrowLeft: isInReactions ? at - side : at,
    Home: 0,
    End: all.length - 1,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  all[(next + all.length) % all.length]?.focus();
}

/** With and without the request for a picture it is the same emoji. */
export const plain = (reaction: string): string => reaction.replaceAll("\uFE0F", "");
