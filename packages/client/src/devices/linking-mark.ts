/** In the store of a device that has been granted an account and not been let in (`new-device.ts`, ND1). */
export const LINKING_DOCUMENT = "linking";
