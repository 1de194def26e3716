import { useMemo, type ReactElement } from "react";
import { linkify } from "../text/linkify.ts";
import { classes } from "../ui/basics.tsx";

/**
 * A message's text as it was written. Every paragraph finds its own direction, and nothing in it can turn the direction
 * of what stands around it. Links open in a window of their own that knows nothing of this one.
 */
export function MessageText({
  text,
  isFolded = false,
}: {
  readonly text: string;
  readonly isFolded?: boolean;
}): ReactElement {
  const segments = useMemo(() => linkify(text), [text]);
  return (
    <div className={classes("text", isFolded && "text-folded")} dir="auto">
      {segments.map((segment, index) =>
        segment.kind === "text" ? (
          segment.text
        ) : (
          <bdi key={index} dir="ltr">
            <a href={segment.href} target="_blank" rel="noopener noreferrer nofollow" referrerPolicy="no-referrer">
              {segment.text}
            </a>
            {segment.realHost !== null && <span className="real-host"> → {segment.realHost}</span>}
          </bdi>
        ),
      )}
    </div>
  );
}
