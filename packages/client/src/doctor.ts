/**
 * A report on the state of this device, to read before sharing: states and counts only. No name, id, address or text
 * goes into it.
 */
import type { BackupView, ChatNotice, DoctorCheck, NetworkView } from "./api.ts";
import { backupDetail } from "./backup/account-backup.ts";
import type { Session } from "./session.ts";

const HOUR = 3_600_000;
/** 2024-01-01 and 2100-01-01: a clock outside is wrong, and certificates made with it would be refused. */
const PLAUSIBLE = { from: 1_704_067_200_000, to: 4_102_444_800_000 };

export async function doctor(session: Session): Promise<readonly DoctorCheck[]> {
  const { core, chats, invitations } = session;
  const { clockError } = core.pool.view();
  const now = core.clock.now();
  const { bytes, problems } = await core.store.health("full");
  const { nodes } = core.pool.view();
  const ready = nodes.filter(({ state }) => state === "ready").length;
  const views = [...chats.values()].map((chat) => chat.view());
  const missing = views.reduce((sum, view) => sum + view.missing, 0);
  const notices = views.flatMap((view) => view.notices);
  const waiting = core.outbox.entries().length;
  const { words } = core.profile();
  const backupView = session.backup.view();
  return [
    check(
      "clock",
      now > PLAUSIBLE.from && now < PLAUSIBLE.to && clockError === null ? "good" : "bad",
      `${new Date(now).toISOString().slice(0, 10)}${clockError === null ? "" : `, ${offBy(clockError)}`}`,
    ),
    check(
      "store",
      problems.length === 0 ? "good" : "bad",
      `${Math.round(bytes / 1024)} KiB, ${problems.length} problems`,
    ),
    check(
      "passphrase",
      core.store.hasPassphrase() ? "good" : "warning",
      core.store.hasPassphrase() ? "set" : "not set",
    ),
    check("recovery words", words === "unwritten" ? "warning" : "good", words),
    check("account backup", isBackedUp(backupView) ? "good" : "warning", backupDetail(backupView)),
    check("nodes", ready > 0 ? "good" : "bad", `${ready} of ${nodes.length} ready`),
    check("relays", "good", relayDetail(core.pool.view())),
    check("chats", "good", `${views.length} (${views.filter(({ state }) => state === "active").length} active)`),
    check("missing messages", missing === 0 ? "good" : "warning", String(missing)),
    check("notices", notices.length === 0 ? "good" : "warning", countKinds(notices)),
    check("outbox", waiting === 0 ? "good" : "warning", `${waiting} waiting`),
    check(
      "direct connections",
      "good",
      core.direct === null ? "not available" : `${views.filter(({ way }) => way === "direct").length} open`,
    ),
    check("requests", "good", `${invitations.pendingRequests().length} waiting`),
  ];
}

/** At every node of the person's own, whole, and with nothing left out. */
const isBackedUp = (view: BackupView): boolean =>
  view.state === "on" && view.storedAt > 0 && view.storedAt === view.nodes.length && !view.isCut;

const relayDetail = ({ relays, whenNoRelay }: NetworkView): string =>
  relays.length === 0
    ? "none: nodes see the address of this device"
    : `${relays.filter(({ state }) => state === "ready").length} of ${relays.length} connected; when none: ${whenNoRelay}`;

/** Such as "2 gap, 1 equivocation". */
function countKinds(notices: readonly ChatNotice[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of notices) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts.size === 0 ? "none" : Array.from(counts, ([kind, count]) => `${count} ${kind}`).join(", ");
}

/** Such as "24.0 hours ahead". */
const offBy = (error: number): string =>
  `${(Math.abs(error) / HOUR).toFixed(1)} hours ${error > 0 ? "ahead" : "behind"}, as the nodes say`;

const check = (name: string, state: DoctorCheck["state"], detail: string): DoctorCheck => ({ name, state, detail });
