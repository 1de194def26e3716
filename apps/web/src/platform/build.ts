/** The id of the build that this page came from; "development" where nothing was built. */
export function buildId(): string {
  const id = document.querySelector<HTMLMetaElement>('meta[name="xchat-build"]')?.content ?? "";
  return /^[0-9a-f]{16}$/u.test(id) ? id : "development";
}
