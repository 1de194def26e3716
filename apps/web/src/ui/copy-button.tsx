import { useLingui } from "@lingui/react/macro";
import { useState, type ReactElement, type ReactNode } from "react";
import { announce } from "./announcer.tsx";
import { Button } from "./basics.tsx";
import { toast } from "./toasts.tsx";

const SHOWN_MILLISECONDS = 2_000;

export function useCopy(): (text: string) => Promise<boolean> {
  const { t } = useLingui();
  return async (text) => {
    try {
      await navigator.clipboard.writeText(text);
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
