/** Direct connections in memory: two ends that find each other by the token in the offer. */
import type { DirectTransport } from "@xchat/client/ports";

type Input = Parameters<DirectTransport["createPeer"]>[0];

interface End {
  readonly input: Input;
  other: End | null;
}

export function memoryDirect(): DirectTransport {
  const ends = new Map<string, End>();
  const close = (end: End): void => {
    const { other } = end;
    end.other = null;
    if (other === null) return;
    other.other = null;
    for (const one of [end, other]) queueMicrotask(() => one.input.onState("closed"));
  };
  return {
    createPeer: (input) => {
      const end: End = { input, other: null };
      const token = `end-${ends.size}`;
      ends.set(token, end);
      const tell = (type: "offer" | "answer"): void =>
        queueMicrotask(() => input.onSignal({ kind: "description", type, sdp: token }));
      if (input.role === "offerer") tell("offer");
      return {
        acceptSignal: (signal) => {
          const other = signal.kind === "description" ? ends.get(signal.sdp) : undefined;
          if (other === undefined || signal.kind !== "description") return;
          if (signal.type === "offer") return tell("answer");
          end.other = other;
          other.other = end;
          for (const one of [end, other]) queueMicrotask(() => one.input.onState("open"));
        },
        send: (message) => {
          const { other } = end;
          if (other === null) return false;
          queueMicrotask(() => other.input.onMessage(message));
          return true;
        },
        close: () => close(end),
      };
    },
  };
}
