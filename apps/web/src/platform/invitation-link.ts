/**
 * An invitation, or a link to a group, that came in the address. It is taken out of the address bar and of the history at once, and kept in
 * memory alone: whoever looks at the browser later finds nothing, and no request ever carries it.
 */
const INVITATION = /^#([gi]\d{1,3}\.[^\s]+)$/u;

export function invitationIn(hash: string): string | null {
  return INVITATION.exec(hash)?.[1] ?? null;
}

let pending: string | null = null;
const listeners = new Set<() => void>();

function set(next: string | null): void {
  pending = next;
  for (const listener of listeners) listener();
}

function take(): void {
  const found = invitationIn(location.hash);
  if (location.hash !== "") history.replaceState(history.state, "", location.pathname);
  if (found !== null) set(found);
}

/** Reads the address now, and whenever a link is opened into this page. */
export function takeInvitations(): void {
  take();
  window.addEventListener("hashchange", take);
}

export const pendingInvitation = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  get: (): string | null => pending,
  set,
};
