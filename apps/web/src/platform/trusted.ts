/**
 * The only place where a text becomes the address of a script. The node's headers allow one policy, of this name, and
 * nothing else may make such addresses (Trusted Types), so that a flaw elsewhere in the page cannot load code.
 */
interface TrustedTypesFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const factory = (globalThis as { readonly trustedTypes?: TrustedTypesFactory }).trustedTypes;

function ownScript(url: string): string {
  const { origin, pathname } = new URL(url, location.href);
  if (origin !== location.origin || !/^\/(?:assets\/[\w.-]+\.js|sw\.js|src\/[\w./-]+\.ts)$/u.test(pathname)) {
    throw new TypeError("not a script of this app");
  }
  return url;
}

const policy = factory?.createPolicy("xchat", { createScriptURL: ownScript }) ?? { createScriptURL: ownScript };

export const trustedScript = (url: string): string => policy.createScriptURL(url);
