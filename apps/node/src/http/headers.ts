/**
 * Headers of everything that the node serves by HTTP (spec/node-api.md, section 7).
 *
 * HH1 Nothing but the app's own origin may run, frame, or be loaded; scripts go through Trusted Types.
 * HH2 `connect-src` allows every `wss:` address: the app speaks with nodes that the person and their contacts chose, which
 *     this server cannot know. Plain `ws:` is allowed to this machine only. That the app connects nowhere else is kept by
 *     the app, and by a test that fails on any other destination.
 */

/** Names of the Trusted Types policies that the app may make. */
const TRUSTED_TYPES_POLICIES = ["xchat"];

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "media-src 'self' blob:",
  "connect-src 'self' wss: ws://localhost:* ws://127.0.0.1:*",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  `trusted-types ${TRUSTED_TYPES_POLICIES.join(" ")}`,
].join("; ");

const PERMISSIONS_POLICY = [
  "camera=(self)",
  "microphone=(self)",
  "display-capture=(self)",
  "clipboard-write=(self)",
  "accelerometer=()",
  "browsing-topics=()",
  "geolocation=()",
  "gyroscope=()",
  "hid=()",
  "magnetometer=()",
  "midi=()",
  "payment=()",
  "serial=()",
  "usb=()",
].join(", ");

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": PERMISSIONS_POLICY,
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};
