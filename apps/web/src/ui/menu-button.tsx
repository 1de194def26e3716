import { useEffect, useEffectEvent, useId, useRef, useState, type ReactElement } from "react";
import { IconButton } from "./basics.tsx";
import { Icon, type IconName } from "./icon.tsx";

export interface MenuItem {
  readonly icon: IconName;
  readonly label: string;
  readonly run: () => void;
}

/** A button with a short menu under it. Arrow keys move, a letter finds, Escape and Tab close. */
export function MenuButton({
  icon,
  label,
  items,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly items: readonly MenuItem[];
}): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const close = useEffectEvent((isByKey: boolean) => {
    setOpen(false);
    if (isByKey) place.current?.querySelector("button")?.focus();
  });
  useEffect(() => {
    if (!isOpen) return;
    itemsOf(list.current)[0]?.focus();
    const outside = (event: Event): void => {
      if (!(event.target instanceof Node) || place.current?.contains(event.target) !== true) close(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [isOpen]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      event.stopPropagation();
      close(event.key === "Escape");
      return;
    }
    const next = nextItem(itemsOf(list.current), event.key);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <div className="menu-place" ref={place}>
      <IconButton
        icon={icon}
        label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          setOpen(true);
        }}
      />
      {isOpen && (
        <div ref={list} id={id} className="menu" role="menu" aria-label={label} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className="menu-item"
              onClick={() => {
                close(false);
                item.run();
              }}
            >
              <Icon name={item.icon} size={20} />
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

const itemsOf = (list: HTMLElement | null): readonly HTMLElement[] => [
  ...(list?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? []),
];

function nextItem(items: readonly HTMLElement[], key: string): HTMLElement | undefined {
  const at = items.findIndex((item) => item === document.activeElement);
  const { length } = items;
  switch (key) {
    case "ArrowDown":
      return items[(at + 1) % length];
    case "ArrowUp":
      return items[(at - 1 + length) % length];
    case "Home":
      return items[0];
    case "End":
      return items[length - 1];
    default: {
      if (key.length !== 1 || key === " ") return undefined;
      const letter = key.toLocaleLowerCase();
      return [...items.slice(at + 1), ...items.slice(0, at + 1)].find(
        (item) => item.textContent?.trim().toLocaleLowerCase().startsWith(letter) === true,
      );
    }
  }
}
