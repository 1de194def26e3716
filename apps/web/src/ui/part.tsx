import { useLayoutEffect, useState, type ComponentProps, type ComponentType, type ReactElement } from "react";

type AnyComponent = ComponentType<any>;

export interface Part<C extends AnyComponent> {
  (props: ComponentProps<C>): ReactElement | null;
  /** Has it loaded before it is shown. Fails in silence: whoever shows it is told. */
  readonly preload: () => void;
}

type Found = { readonly Component: AnyComponent } | { readonly failure: unknown };

/**
 * A part of the app that comes in files of its own. Where it is there already, it is shown at once; else `meanwhile`
 * stands in its place for exactly as long as it takes. With `lazy` and `Suspense` that would be 300 ms at least: so long
 * React leaves a fallback standing. What cannot be fetched fails where it is shown, and is fetched again the next time.
 */
export function part<C extends AnyComponent>(
  load: () => Promise<{ readonly default: C }>,
  meanwhile: ReactElement | null = null,
): Part<C> {
  let loaded: C | null = null;
  const loadOnce = async (): Promise<C> => (loaded ??= (await load()).default);
  function Shown(props: ComponentProps<C>): ReactElement | null {
    const [found, setFound] = useState<Found | null>(() => (loaded === null ? null : { Component: loaded }));
    const isMissing = found === null;
    useLayoutEffect(() => {
      if (!isMissing) return;
      let isHere = true;
      loadOnce().then(
        (Component) => isHere && setFound({ Component }),
        (failure: unknown) => isHere && setFound({ failure }),
      );
      return () => {
        isHere = false;
      };
    }, [isMissing]);
    if (found === null) return meanwhile;
    if ("failure" in found) throw found.failure;
    return <found.Component {...props} />;
  }
  return Object.assign(Shown, { preload: () => void loadOnce().catch(() => {}) });
}
