import { lazy, useState, type ComponentProps, type ComponentType, type ReactElement } from "react";

type AnyComponent = ComponentType<any>;

export interface Part<C extends AnyComponent> {
  (props: ComponentProps<C>): ReactElement;
  /** Has it loaded before it is shown. Fails in silence: whoever shows it is told. */
  readonly preload: () => void;
}

/**
 * A part of the app that comes in files of its own, for inside a `Suspense`. Where it is there already, it is shown at
 * once: `lazy` alone would show the fallback first, and React leaves a fallback standing for 300 ms.
 */
export function part<C extends AnyComponent>(load: () => Promise<{ readonly default: C }>): Part<C> {
  let loaded: C | null = null;
  const loadOnce = async (): Promise<{ readonly default: C }> => {
    const module = await load();
    loaded = module.default;
    return module;
  };
  const Later = lazy(loadOnce);
  function Shown(props: ComponentProps<C>): ReactElement {
    // The same for as long as it stands: another one would begin with a new state.
    const [Component] = useState<AnyComponent>(() => loaded ?? Later);
    return <Component {...props} />;
  }
  return Object.assign(Shown, { preload: () => void loadOnce().catch(() => {}) });
}
