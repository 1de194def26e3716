/** The picture of a group, from a photograph with a place in it to what others get. */
import { person, until, type Person } from "@xchat/testkit";
import type { ChatView } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";
import { aboutGroup, record } from "./group-deeds.ts";
import { acceptRequest, createIdentity, invite, makeGroup } from "./people.ts";
import { stage } from "./stage.ts";

const story = stage();
const SECRET = "Exif 48.2082 N 16.3738 E";

/** In the head of the open chat. */
const seal = (page: Page): Locator => page.locator(".chat-pane .pane-header .avatar");

/** As a camera makes it: wide, coloured, and with a note of where it was taken. */
async function photograph(page: Page): Promise<Buffer> {
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = 900;
    canvas.height = 600;
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const colours = context.createLinearGradient(0, 0, 900, 600);
    colours.addColorStop(0, "#046");
    colours.addColorStop(1, "#fa4");
    context.fillStyle = colours;
    context.fillRect(0, 0, 900, 600);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg"));
    return [...new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0))];
  });
  const note = Buffer.concat([Buffer.from([0xff, 0xe1, 0, SECRET.length + 2]), Buffer.from(SECRET, "latin1")]);
  return Buffer.concat([Buffer.from(bytes.slice(0, 2)), note, Buffer.from(bytes.slice(2))]);
}

/** The form of a JPEG, with components that are sampled not even once: no decoder takes it. */
const HOLLOW = Buffer.from("ffd8ffc00011080009000903010000020000030000ffda000c03010002000300003f00010203ffd9", "hex");

const isGroup = (chats: readonly ChatView[]): boolean => chats.some(({ kind }) => kind === "group");

async function withBob(page: Page): Promise<{ readonly bob: Person; readonly group: string }> {
  const bob = await person({ name: "Bob", nodes: [story.node.hint] });
  story.cleanUp(() => bob.close());
  await bob.api.call("acceptInvitation", { text: await invite(page), greeting: "", mayDirect: false });
  await acceptRequest(page);
  await page.getByRole("button", { name: "Back", exact: true }).click();
  await makeGroup(page, "Choir", ["Bob"]);
  const group = (await until(bob.api, { view: "chats" }, isGroup)).find(({ kind }) => kind === "group")?.id ?? "";
  return { bob, group };
}

/** `id` of the picture that stands there now, at Bob's. */
async function bobHas(bob: Person, isSo: (picture: string | null) => boolean): Promise<void> {
  await until(bob.api, { view: "chats" }, (chats) => chats.some((chat) => chat.kind === "group" && isSo(chat.picture)));
}

async function choose(page: Page, file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
  await aboutGroup(page).getByRole("button", { name: "Picture", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Choose a picture").setInputFiles(file);
}

describe("a group's picture", () => {
  test("[GP1] a photograph becomes small, says nothing of where it was taken, is seen by others, and is taken away", async () => {
    const profile = await story.browser({ viewport: { width: 360, height: 740 } });
    const page = await profile.page(story.node.webAddress);
    await createIdentity(page, "Alice");
    const { bob, group } = await withBob(page);
    await page.getByRole("button", { name: "About this group" }).click();

    // What is no picture is said to be none, and nothing can be saved.
    await choose(page, { name: "run.png", mimeType: "image/png", buffer: Buffer.from("<svg onload='alert(1)'/>") });
    await page.getByText("This file cannot be read as a picture.").waitFor();
    await page
      .getByRole("dialog")
      .getByLabel("Choose a picture")
      .setInputFiles({
        name: "lake.jpg",
        mimeType: "image/jpeg",
        buffer: await photograph(page),
      });
    await page.getByText("A picture is chosen.").waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await bobHas(bob, (picture) => picture !== null);
    const got = await bob.api.call("groupPicture", { chat: group });
    const jpeg = Buffer.from(got?.jpeg ?? "", "base64url");
    expect(jpeg.length).toBeGreaterThan(500);
    expect(jpeg.length).toBeLessThanOrEqual(32_752);
    expect(jpeg.toString("latin1")).not.toContain("Exif");
    await aboutGroup(page).locator(".avatar img").waitFor();
    const width = await aboutGroup(page)
      .locator(".avatar img")
      .evaluate((one) => (one as HTMLImageElement).naturalWidth);
    expect(width).toBe(256);

    // It is there again after a restart.
    await page.reload();
    await aboutGroup(page).locator(".avatar img").waitFor();
    await aboutGroup(page).getByRole("button", { name: "Close" }).click();
    await seal(page).locator("img").waitFor();
    await record(page, "You changed the picture").waitFor();

    // What has only the form of a picture is not shown: the letter is.
    await bob.api.call("setGroupPicture", { chat: group, jpeg: HOLLOW.toString("base64url") });
    await record(page, "Bob changed the picture").waitFor();
    await seal(page).getByText("C", { exact: true }).waitFor();
    await page.getByRole("button", { name: "About this group" }).click();
    await aboutGroup(page).getByRole("button", { name: "Picture", exact: true }).click();
    await page.getByRole("button", { name: "Remove the picture" }).click();
    await bobHas(bob, (picture) => picture === null);
    expect(profile.problems).toEqual([]);
  });

  test("[GP1] is chosen while the group is made, and is there with it", async () => {
    const profile = await story.browser({ viewport: { width: 360, height: 740 } });
    const page = await profile.page(story.node.webAddress);
    await createIdentity(page, "Alice");
    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByRole("menuitem", { name: "New group" }).click();
    await page.getByLabel("Name of the group").fill("Choir");
    const input = page.getByLabel("Choose a picture");
    await input.setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
    await page.getByText("This file cannot be read as a picture.").waitFor();
    await input.setInputFiles({ name: "lake.jpg", mimeType: "image/jpeg", buffer: await photograph(page) });
    await page.locator(".new-group .avatar img").waitFor();
    expect(await page.getByText("This file cannot be read as a picture.").count()).toBe(0);
    await page.getByRole("button", { name: "Make the group" }).click();
    await seal(page).locator("img").waitFor();
    await page.reload();
    await seal(page).locator("img").waitFor();
    expect(profile.problems).toEqual([]);
  });
});
