/** A browser and a terminal: the same client, so each can do for the other what two browsers do. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { acceptRequest, createIdentity, hears, invite, own, pasteInvitation, say, sayYes, way } from "./people.ts";
import { stage } from "./stage.ts";
import { isMessage, newTerminal, type Terminal } from "./terminal.ts";

const story = stage();

async function terminal(name: string): Promise<Terminal> {
  const made = await newTerminal(name, story.node.webAddress);
  story.cleanUp(() => made.remove());
  return made;
}

/** Both ways, with what becomes of each message, on the screen and in the words of the program. */
async function talk(page: Page, shell: Terminal, name: string): Promise<void> {
  await shell.ask("send", name, "typed at a prompt");
  await hears(page, "typed at a prompt");
  await shell.hears(isMessage("typed at a prompt", "delivered", "read"));
  await say(page, "typed in a page, with ünicode 👋");
  const heard = await shell.hears(isMessage("typed in a page, with ünicode 👋"));
  expect(heard).toMatchObject({ isOwn: false, via: "nodes" });
  await shell.ask("read", name);
  await own(page, "typed in a page, with ünicode 👋", "Read").waitFor();
}

describe("a browser and a terminal", () => {
  test("the terminal invites, the browser says yes, and they write to each other", async () => {
    const shell = await terminal("Tess");
    const [invitation] = await shell.ask("invite", "--label", "from the shell");
    const page = await (await story.browser()).page(story.node.webAddress);
    await createIdentity(page, "Alice");
    await pasteInvitation(page, String(invitation?.["code"]));
    await page.getByRole("dialog").getByText("Tess").waitFor();
    await sayYes(page, { greeting: "From a window" });
    await way(page, "Waiting for their yes").waitFor();
    const request = await shell.hears(({ type }) => type === "request");
    expect(request).toMatchObject({ name: "Alice", greeting: "From a window", invitationLabel: "from the shell" });
    await shell.ask("accept", String(request["id"]));
    await way(page, "Through nodes").waitFor();
    await talk(page, shell, "Alice");

    const [safety] = await shell.ask("verify", "Alice");
    await page.getByRole("button", { name: "About this contact" }).click();
    await page.getByRole("button", { name: "Verify" }).click();
    await page.locator(".digits li").first().waitFor();
    const digits = (await page.locator(".digits li").allInnerTexts()).join("");
    expect(digits).toBe(String(safety?.["digits"]).replaceAll(" ", ""));
  });

  test("the browser invites, the terminal says yes, and they write to each other", async () => {
    const shell = await terminal("Tess");
    const page = await (await story.browser()).page(story.node.webAddress);
    await createIdentity(page, "Alice");
    const link = await invite(page);
    const [asked] = await shell.ask("accept", link, "--greeting", "From a shell");
    expect(asked).toMatchObject({ type: "chat", name: "Alice", state: "waiting" });
    await acceptRequest(page);
    await shell.hears(({ type, state }) => type === "chat" && state === "active");
    await talk(page, shell, "Alice");
  });
});
