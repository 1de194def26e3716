/**
 * The greater part of the client, which an app may load apart: all that has to do with others, with further devices of
 * the same person, and with their recovery. `ClientPorts.loadConversations` brings it in.
 */
import type { GroupCipher, GroupRules } from "@xchat/protocol";
import { Recovery, type RecoveryPorts } from "./backup/recovery.ts";
import { NewDevice, type NewDeviceDeps } from "./devices/new-device.ts";
import { Session, type SessionInput } from "./session.ts";

export interface Conversations {
  readonly openSession: (input: Omit<SessionInput, "cipher">) => Promise<Session>;
  readonly newDevice: (deps: NewDeviceDeps) => NewDevice;
  readonly recovery: (ports: RecoveryPorts) => Recovery;
}

/** @param cipher the encryption of groups, by the rules of whoever is in them. */
export const conversations = (cipher: (rules: GroupRules) => GroupCipher): Conversations => ({
  openSession: (input) => Session.open({ ...input, cipher }),
  newDevice: (deps) => new NewDevice(deps),
  recovery: (ports) => new Recovery(ports),
});
