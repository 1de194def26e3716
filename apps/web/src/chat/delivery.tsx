/** The states of an own message: one ring that closes on the way, and words for each state. */
import { useLingui } from "@lingui/react/macro";
import type { Delivery } from "@xchat/client/api";
import type { ReactElement } from "react";

export interface DeliveryWords {
  readonly title: string;
  readonly detail: string;
}

const CIRCUMFERENCE = 2 * Math.PI * 6;

/** Decoration; the words of `useDeliveryWords` must stand beside it for screen readers. */
export function DeliveryIcon({ delivery }: { readonly delivery: Delivery }): ReactElement {
  return (
    <svg
      className={`delivery delivery-${delivery.state}`}
      width="15"
      height="15"
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {delivery.state === "read" ? (
        <circle cx="8" cy="8" r="7" className="delivery-disc" />
      ) : (
        <circle cx="8" cy="8" r="6" className="delivery-ring" />
      )}
      {delivery.state === "queued" && <path d="M8 5v3.2l2 1.2" className="delivery-sign" />}
      {delivery.state === "unsent" && <path d="M5.8 5.8l4.4 4.4m0-4.4l-4.4 4.4" className="delivery-sign" />}
      {delivery.state === "stored" && (
        <>
          <circle
            cx="8"
            cy="8"
            r="6"
            className="delivery-arc"
            strokeDasharray={`${(CIRCUMFERENCE * delivery.count) / Math.max(1, delivery.of)} ${CIRCUMFERENCE}`}
            transform="rotate(-90 8 8)"
          />
          <circle cx="8" cy="8" r="1.8" className="delivery-dot" />
        </>
      )}
      {(delivery.state === "delivered" || delivery.state === "read") && (
        <path d="M5.2 8.3l2 2 3.7-4.3" className="delivery-sign" />
      )}
    </svg>
  );
}

export function useDeliveryWords(): (delivery: Delivery) => DeliveryWords {
  const { t } = useLingui();
  const queued: { readonly [W in Extract<Delivery, { state: "queued" }>["why"]]: string } = {
    "waiting-for-acceptance": t`They have not said yes to your request so far. It is sent as soon as they do.`,
    "no-relay": t`None of your relays leads to a node of this chat. It is sent as soon as one does.`,
    "no-node": t`None of your nodes can be reached. It is sent as soon as one can.`,
    "node-refuses": t`The nodes refuse it for now, and it is tried again.`,
    "clock-wrong": t`The clock of this device is wrong. It is sent as soon as the clock is right.`,
    sending: t`It is on its way to the nodes.`,
    offline: t`This device is offline. It is sent as soon as there is a connection.`,
  };
  const via = (way: "direct" | "nodes"): string =>
    way === "direct" ? t`It went directly from device to device.` : t`It went through nodes, which cannot read it.`;
  return (delivery) => {
    switch (delivery.state) {
      case "queued":
        return {
          title: delivery.why === "sending" ? t`Sending` : t`Queued`,
          detail: `${queued[delivery.why]} ${t`It is saved on this device.`}`,
        };
      case "stored":
        return {
          title: t`Stored at ${delivery.count} of ${delivery.of}`,
          detail: t`${delivery.count} of ${delivery.of} home nodes have signed for it. It waits there, sealed, until the other device fetches it.`,
        };
      case "unsent":
        return {
          title: t`Not sent`,
          detail: t`The chat ended here before it could be sent. It is saved on this device, and nobody else has it.`,
        };
      case "delivered":
        return { title: t`Delivered`, detail: via(delivery.via) };
      default:
        return { title: t`Read`, detail: via(delivery.via) };
    }
  };
}
