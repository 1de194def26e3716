import { useLingui } from "@lingui/react/macro";
import { useState, type ReactElement, type ReactNode } from "react";
import { announce } from "./announcer.tsx";
import { Button } from "./basics.tsx";
import { toast } from "./toasts.tsx";

const SHOWN_MILLISECONDS = 2_000;

/** Over plain http there is no clipboard of the page's own: then as a person would, by selecting. */
async function write(text: string): Promise<void> {
  const { clipboard } = navigator as { readonly clipboard?: Clipboard };
  if (clipboard !== undefined) return clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  const { activeElement } = document;
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  if (activeElement instanceof HTMLElement) activeElement.focus();
  if (!isDone) throw new Error("the browser did not allow copying");
}

export function useCopy(): (text: string) => Promise<boolean> {
  const { t } = useLingui();
  return async (text) => {
    try {
      await write(text);
      announce(t`Copied`);
      return true;
    } catch {
      toast({ text: t`The browser did not allow copying. Select the text and copy it yourself.` });
      return false;
    }
  };
}

export function CopyButton({
  text,
  children,
  kind = "plain",
}: {
  readonly text: string;
  readonly children: ReactNode;
  readonly kind?: "primary" | "plain";
}): ReactElement {
  const { t } = useLingui();
  const copy = useCopy();
  const [isCopied, setCopied] = useState(false);
  return (
    <Button
      kind={kind}
      icon={isCopied ? "check" : "copy"}
      onClick={async () => {
        if (!(await copy(text))) return;
        setCopied(true);
        setTimeout(() => setCopied(false), SHOWN_MILLISECONDS);
      }}
    >
      {isCopied ? t`Copied` : children}
    </Button>
  );
}
