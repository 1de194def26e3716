import type { MentionView } from "@xchat/client/api";
import { Fragment, useMemo, type ReactElement } from "react";
import { linkify } from "../text/linkify.ts";
import { classes } from "../ui/basics.tsx";

const NONE: readonly MentionView[] = [];

/**
 * A message's text as it was written. Every paragraph finds its own direction, and nothing in it can turn the direction
 * of what stands around it. Links open in a window of their own that knows nothing of this one.
 */
export function MessageText({
  text,
  mentions = NONE,
  isFolded = false,
}: {
  readonly text: string;
  readonly mentions?: readonly MentionView[];
  readonly isFolded?: boolean;
}): ReactElement {
  const parts = useMemo(() => aroundMentions(text, mentions), [text, mentions]);
  return (
    <div className={classes("text", isFolded && "text-folded")} dir="auto">
      {parts.map(({ text: part, mention }, index) =>
        mention === null ? (
          <Linked key={index} text={part} />
        ) : (
          <bdi key={index} className={classes("mention", mention.person.isSelf && "mention-me")}>
            {part}
          </bdi>
        ),
      )}
    </div>
  );
}

interface TextPart {
  readonly text: string;
  readonly mention: MentionView | null;
}

/** Mentions ascend and lie apart, as the format has it. */
function aroundMentions(text: string, mentions: readonly MentionView[]): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const mention of mentions) {
    parts.push({ text: text.slice(end, mention.start), mention: null });
    parts.push({ text: text.slice(mention.start, mention.end), mention });
    end = mention.end;
  }
  return [...parts, { text: text.slice(end), mention: null }].filter((part) => part.text !== "");
}

function Linked({ text }: { readonly text: string }): ReactElement {
  const segments = useMemo(() => linkify(text), [text]);
  return (
    <>
      {segments.map((segment, index) =>
        segment.kind === "text" ? (
          <Fragment key={index}>{segment.text}</Fragment>
        ) : (
          <bdi key={index} dir="ltr">
            <a href={segment.href} target="_blank" rel="noopener noreferrer nofollow" referrerPolicy="no-referrer">
              {segment.text}
            </a>
            {segment.realHost !== null && <span className="real-host"> → {segment.realHost}</span>}
          </bdi>
        ),
      )}
    </>
  );
}
