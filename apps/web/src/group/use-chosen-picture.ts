import { useEffect, useState } from "react";
import { smallPicture, toBase64Url } from "./small-picture.ts";

export interface ChosenPicture {
  /** As others will see it, for as long as it is shown; null before one is chosen. */
  readonly preview: string | null;
  /** What was chosen last is no picture that this browser reads. */
  readonly isUnreadable: boolean;
  readonly choose: (file: File | undefined) => void;
  /** As `setGroupPicture` takes it. */
  readonly jpeg: () => Promise<string | null>;
}

/** A picture for a group that is chosen, and not given to it yet. */
export function useChosenPicture(): ChosenPicture {
  const [chosen, setChosen] = useState<Blob | null>(null);
  const [isUnreadable, setUnreadable] = useState(false);
  const preview = useAddress(chosen);
  const choose = async (file: File): Promise<void> => {
    const small = await smallPicture(file);
    setUnreadable(small === null);
    if (small !== null) setChosen(small);
  };
  return {
    preview,
    isUnreadable,
    choose: (file) => void (file !== undefined && choose(file)),
    jpeg: async () => (chosen === null ? null : toBase64Url(chosen)),
  };
}

/** Of something in memory, for as long as it is shown. */
function useAddress(blob: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (blob === null) return;
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return address;
}
