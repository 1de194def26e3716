/** The person's other devices, as the view of devices has them. */
import type { DevicesView } from "@xchat/client/api";

export const siblings = ({ devices }: DevicesView): DevicesView["devices"] =>
  devices.filter(({ isThis, isLinked }) => isLinked && !isThis);

export const nameOf = ({ devices }: DevicesView, id: string): string =>
  devices.find((device) => device.id === id)?.name ?? id.slice(0, 8);
