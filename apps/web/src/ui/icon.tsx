/** The app's own line icons, drawn on a grid of 24. Always decoration: the words stand in the label of what holds them. */
const PATHS = {
  search: "M11 4.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM20 20l-4.3-4.3",
  plus: "M12 5v14M5 12h14",
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  back: "M14.5 5.5L8 12l6.5 6.5",
  forward: "M9.5 5.5L16 12l-6.5 6.5",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  chat: "M6.5 4.5h11a2.5 2.5 0 0 1 2.5 2.5v7a2.5 2.5 0 0 1-2.5 2.5h-5L8 20v-3.5H6.5A2.5 2.5 0 0 1 4 14V7a2.5 2.5 0 0 1 2.5-2.5z",
  invite:
    "M10 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM3.5 19.5c.5-3.4 3-5.2 6.5-5.2 1.2 0 2.3.2 3.2.6M17.5 14v6M14.5 17h6",
  group:
    "M9 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM3 19c.4-3.2 2.7-5 6-5s5.6 1.8 6 5M16 5.3a3 3 0 0 1 0 5.6M17.5 14.4c2 .6 3.2 2.2 3.5 4.6",
  leave: "M10 4.5H7a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h3M14.5 8l4 4-4 4M18.5 12H10",
  timer: "M12 6.5a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM12 10v3.5l2.3 1.6M10 3.5h4",
  network:
    "M12 3.5a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6zM5.3 15.4a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6zM18.7 15.4a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6zM10.9 8l-4.3 7.6M13.1 8l4.3 7.6M7.7 17.7h8.6",
  settings:
    "M4 7.5h8.5M17.5 7.5H20M4 16.5h2.5M11.5 16.5H20M15 5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM9 14a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
  send: "M12 19V5.5M6 11.5l6-6 6 6",
  down: "M12 5v13.5M6 12.5l6 6 6-6",
  smile:
    "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM8.5 14.3c.8 1.3 2 2 3.5 2s2.7-.7 3.5-2M9.2 9.7h.01M14.8 9.7h.01",
  copy: "M10.5 8.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM5.5 15.3a2 2 0 0 1-1-1.8v-7a2 2 0 0 1 2-2h7a2 2 0 0 1 1.8 1",
  qr: "M4.5 4.5h5.5V10H4.5zM14 4.5h5.5V10H14zM4.5 14H10v5.5H4.5zM14 14h2.5v2.5M19.5 14v2.5M14 19.5h2.5M19.5 19.5h.01",
  camera:
    "M4 9a2 2 0 0 1 2-2h2l1.4-2h5.2L16 7h2a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM12 9.5a3.3 3.3 0 1 1 0 6.6 3.3 3.3 0 0 1 0-6.6z",
  image:
    "M6 5h12a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM4.5 16.5l4.2-4.2 3.8 3.8 2.5-2.5 4.5 4.5M15.5 9h.01",
  pin: "M9 4.5h6M10 4.5l-.6 6-3 3.2h11.2l-3-3.2-.6-6M12 13.7v6.3",
  reply: "M10 6.5L4.5 12l5.5 5.5M5 12h8.5c3.3 0 5.5 2 6 5.5",
  share: "M14 6.5l5.5 5.5-5.5 5.5M19 12h-8.500c-3.300 0-5.500 2-6 5.500",
  star: "M12 4.300l2.400 4.900 5.400.8-3.900 3.800.9 5.400-4.800-2.500-4.800 2.500.9-5.400L4.200 10l5.400-.8z",
  clock: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17zM12 7.500V12l3 2",
  check: "M5 12.5l4.5 4.5L19 7.5",
  lock: "M7 11h10a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  direct: "M4.5 10a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM19.5 10a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM6.5 12h11",
  nodes:
    "M3.5 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM20.5 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM12 5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM5 15.7l5-6.5M19 15.7l-5-6.5",
  trash: "M5 7h14M10 7V4.8h4V7M7 7l.9 12.5h8.2L17 7M10.5 11v5M13.5 11v5",
  block: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM6 6l12 12",
  edit: "M5 19l.9-4L15.8 5.1a1.6 1.6 0 0 1 2.3 0l.8.8a1.6 1.6 0 0 1 0 2.3L9 18.1z",
  info: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 11v5.2M12 7.8h.01",
  warning: "M12 4.5l8.5 15h-17zM12 10.5v4M12 17h.01",
  download: "M12 4v11.5M7 10.5l5 5 5-5M5 20h14",
  vault:
    "M6 4.5h12A1.5 1.5 0 0 1 19.5 6v11a1.5 1.5 0 0 1-1.5 1.5H6A1.5 1.5 0 0 1 4.5 17V6A1.5 1.5 0 0 1 6 4.5zM7.5 18.5v1.5M16.5 18.5v1.5M12 8.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM12 11.5h.01",
  key: "M8 11.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM11 12.7l8.5-8.2M16 7.8l2.5 2.5",
  refresh: "M19 12a7 7 0 1 1-2.1-5M19.5 4v4h-4",
  link: "M10 14a3.8 3.8 0 0 0 5.6.2l3-3a3.9 3.9 0 0 0-5.5-5.5l-1.3 1.3M14 10a3.8 3.8 0 0 0-5.6-.2l-3 3a3.9 3.9 0 0 0 5.5 5.5l1.3-1.3",
  words:
    "M6 4.5h12a1.5 1.5 0 0 1 1.5 1.5v12a1.5 1.5 0 0 1-1.5 1.5H6A1.5 1.5 0 0 1 4.5 18V6A1.5 1.5 0 0 1 6 4.5zM8 9h3M13.5 9H16M8 12h3M13.5 12H16M8 15h3M13.5 15H16",
  devices:
    "M4 6.5A1.5 1.5 0 0 1 5.5 5h11A1.5 1.5 0 0 1 18 6.5V9M4 6.5V15h8M3 18h9M15.5 10.5h3.5a1.3 1.3 0 0 1 1.3 1.3v6.4a1.3 1.3 0 0 1-1.3 1.3h-3.5a1.3 1.3 0 0 1-1.3-1.3v-6.4a1.3 1.3 0 0 1 1.3-1.3z",
  look: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 3.5v17M12 7.5l6.5-2M12 12h8.5M12 16.5l6.5 2",
  pulse: "M3.5 12.5h4l2.5-6.5 4 12 2.5-5.5h4",
  keyboard:
    "M5 7h14a1.5 1.5 0 0 1 1.5 1.5v7A1.5 1.5 0 0 1 19 17H5a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 5 7zM7 10.3h.01M10.3 10.3h.01M13.7 10.3h.01M17 10.3h.01M8.5 13.7h7",
  inbox:
    "M4.5 13.5l2.3-7A2 2 0 0 1 8.7 5h6.6a2 2 0 0 1 1.9 1.5l2.3 7V17a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2zM4.5 13.5h4l1.3 2.3h4.4l1.3-2.3h4",
  offline:
    "M4 4l16 16M9 5.6A13 13 0 0 1 21 9M3 9a13 13 0 0 1 3.5-2.2M6.5 12.7a8.5 8.5 0 0 1 4-2.2M17.5 12.7a8 8 0 0 0-2-1.4M12 18h.01M9.5 15.8a4 4 0 0 1 4.8-.2",
} as const;

export type IconName = keyof typeof PATHS;

/** Drawn mirrored where the writing runs from right to left. */
const MIRRORED: ReadonlySet<IconName> = new Set(["back", "forward", "leave", "reply", "share"]);

export function Icon({ name, size = 22 }: { readonly name: IconName; readonly size?: number }): React.ReactElement {
  return (
    <svg
      className={MIRRORED.has(name) ? "icon icon-mirrored" : "icon"}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The seal of the app: two strokes that cross, one before the other. */
export function Mark({ size = 40 }: { readonly size?: number }): React.ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false" className="mark">
      <rect width="64" height="64" rx="19" className="mark-ground" />
      <path d="M45 17C37 25 27 37 19 47" className="mark-stroke" />
      <path d="M19 17c5 5 8 9 10.5 12.2M35 35.6c2.8 3.6 6 7.4 10 11.4" className="mark-stroke" />
    </svg>
  );
}

/** Stands beside the name of a verified contact. */
export function VerifiedSeal({ size = 15 }: { readonly size?: number }): React.ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false" className="verified-seal">
      <rect width="16" height="16" rx="5" className="mark-ground" />
      <path d="M4.3 8.3l2.6 2.6 4.9-5.4" className="mark-stroke" />
    </svg>
  );
}
