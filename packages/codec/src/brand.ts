declare const brand: unique symbol;

/** A type that only the function which has checked the value may give, by a cast beside the check. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
