import { useLingui } from "@lingui/react/macro";
import { useEffect, useState, type ReactElement } from "react";
import { Mark } from "../ui/icon.tsx";

const PATIENCE_MILLISECONDS = 6_000;

/** Shown while the client starts. Says what takes long only where it does. */
export function Splash(): ReactElement {
  const { t } = useLingui();
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), PATIENCE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main className="splash" aria-busy="true" aria-label={t`X Chat is starting`}>
      <h1 className="visually-hidden">X Chat</h1>
      <Mark size={64} />
      <p role="status">
        {isSlow
          ? t`Still opening your store. A large one, or another window that is just closing, can take a while.`
          : ""}
      </p>
    </main>
  );
}
