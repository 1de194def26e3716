/** Three people in a group, in three browsers. */
import type { ChatView } from "@xchat/client/api";
import { person, until, type Person } from "@xchat/testkit";
import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { aboutGroup, makeAdmin, record, removeMember, rename } from "./group-deeds.ts";
import { newLine } from "./line.ts";
import {
  acceptRequest,
  answerInvitation,
  hears,
  invite,
  makeGroup,
  messageField,
  openChat,
  own,
  say,
} from "./people.ts";
import { stage, type Couple, type CoupleOptions } from "./stage.ts";

const story = stage();
const STORY_PATIENCE = 480_000;
/** A removal that no node has confirmed counts after a minute (spec/fork-rule.md, FR14). */
const LONG = { timeout: 120_000 };

/** Alice knows Bob and Carol, who do not know each other. Carol is at a telephone. */
async function three(
  options: CoupleOptions = {},
): Promise<Couple & { readonly carolsPage: Page; readonly problems: () => readonly string[] }> {
  const couple = await story.acquainted(options);
  const carol = await story.browser({ viewport: { width: 360, height: 740 } });
  const carolsPage = await carol.page(await invite(couple.alicesPage));
  await answerInvitation(carolsPage, "Carol");
  await acceptRequest(couple.alicesPage);
  return { ...couple, carolsPage, problems: () => [couple.alice, couple.bob, carol].flatMap((one) => one.problems) };
}

describe("a group of three", () => {
  test("one is away during a rename and a removal, and sees both; who was removed sees so, and nothing more", async () => {
    const { alicesPage, bobsPage, carolsPage, problems } = await three();
    await makeGroup(alicesPage, "Choir", ["Bob", "Carol"]);
    // Who has only just said yes comes in when their device has sent what it takes to add them.
    await record(alicesPage, "You added Carol|You added .?Bob.? and Carol|You added .?Carol.? and Bob")
      .first()
      .waitFor();
    await say(alicesPage, "We sing on Tuesday");
    await openChat(bobsPage, "Choir");
    await hears(bobsPage, "We sing on Tuesday");
    await carolsPage.getByRole("button", { name: "Back", exact: true }).click();
    await openChat(carolsPage, "Choir");
    await hears(carolsPage, "We sing on Tuesday");
    // Bob and Carol have never spoken, and read each other here.
    await say(carolsPage, "I bring the notes");
    await hears(bobsPage, "I bring the notes");
    await hears(alicesPage, "I bring the notes");
    // What somebody is called, of whom only the key was known when they came in.
    await record(bobsPage, "Alice added Carol").first().waitFor();
    await bobsPage
      .locator("#messages")
      .getByText(/^.?Carol.?$/u)
      .first()
      .waitFor();
    await own(alicesPage, "We sing on Tuesday", "Read").waitFor();

    const context = carolsPage.context();
    await carolsPage.close();
    await rename(alicesPage, "Choir by the lake");
    await record(alicesPage, "You named the group").first().waitFor();
    await removeMember(alicesPage, "Bob");
    await record(bobsPage, "Alice removed you").first().waitFor();
    await messageField(bobsPage).waitFor({ state: "detached" });
    await say(alicesPage, "Bob reads this no more");

    const again = await context.newPage();
    await again.setViewportSize({ width: 360, height: 740 });
    await again.goto(story.node.webAddress);
    await openChat(again, "Choir by the lake");
    await hears(again, "Bob reads this no more");
    await again.getByRole("heading", { name: "Choir by the lake" }).first().waitFor();
    await record(again, "Alice removed Bob").first().waitFor();
    await say(again, "Then we are two");
    await hears(alicesPage, "Then we are two");
    await own(alicesPage, "Bob reads this no more", "Read").waitFor();

    // Bob has what was said until then, and nothing else.
    await hears(bobsPage, "I bring the notes");
    expect(await bobsPage.getByText("Bob reads this no more").count()).toBe(0);
    expect(await bobsPage.getByText("Then we are two").count()).toBe(0);
    expect(problems()).toEqual([]);
  });

  test(
    "[FR8] [FR12] two admins act at once on a cut network: what the one did counts, what the other did is done again",
    { timeout: STORY_PATIENCE },
    async () => {
      const line = await newLine();
      story.cleanUp(() => line.remove());
      const { alice, alicesPage, bobsPage, carolsPage, problems } = await three({ alice: { line } });
      const dan = await danAsks(await invite(alicesPage));
      await acceptRequest(alicesPage);
      await makeGroup(alicesPage, "Choir", ["Bob", "Carol", "Dan"]);
      await makeAdmin(alicesPage, "Bob");
      await openChat(bobsPage, "Choir");
      await record(bobsPage, "Alice made you an admin").waitFor();
      await carolsPage.getByRole("button", { name: "Back", exact: true }).click();
      await openChat(carolsPage, "Choir");
      await say(carolsPage, "We sing on Tuesday");
      for (const page of [alicesPage, bobsPage]) await hears(page, "We sing on Tuesday");
      await until(dan.api, { view: "chats" }, (chats) => chats.some(({ name }) => name === "Choir"));

      // Alice is cut off and takes Dan out. Bob, who hears nothing of it, gives the group another name, and Carol sees it.
      line.cut();
      await alice.setOffline(true);
      await removeMember(alicesPage, "Dan");
      await say(alicesPage, "Dan has moved away");
      await rename(bobsPage, "Choir by the lake");
      await say(bobsPage, "We have a lake now");
      await hears(carolsPage, "We have a lake now");
      await record(carolsPage, "Bob named the group").waitFor();
      await carolsPage.getByRole("heading", { name: "Choir by the lake" }).waitFor();
      await record(alicesPage, "You removed .?Dan").waitFor(LONG);
      expect(await alicesPage.getByRole("heading", { name: "Choir by the lake" }).count()).toBe(0);

      line.mend();
      await alice.setOffline(false);
      const all = [alicesPage, bobsPage, carolsPage];
      for (const page of all) {
        await page.getByRole("heading", { name: "Choir by the lake" }).first().waitFor(LONG);
        await hears(page, "Dan has moved away");
        await hears(page, "We have a lake now");
        await hears(page, "We sing on Tuesday");
      }
      await record(carolsPage, "This was undone").waitFor();
      await record(carolsPage, "Alice removed .?Dan").waitFor(LONG);
      await record(bobsPage, "Alice removed .?Dan").waitFor(LONG);
      const isOut = (chats: readonly ChatView[]): boolean => chats.some(({ state }) => state === "ended");
      await until(dan.api, { view: "chats" }, isOut, LONG.timeout);
      await say(carolsPage, "All together again");
      for (const page of all) await hears(page, "All together again");
      const texts = await Promise.all(all.map((page) => page.locator("#messages .message .text").allInnerTexts()));
      expect(texts[1]).toEqual(texts[0]);
      expect(texts[2]).toEqual(texts[0]);
      expect(new Set(texts[0]).size).toBe(texts[0]?.length);
      for (const page of all) {
        if ((await aboutGroup(page).count()) === 0)
          await page.getByRole("button", { name: "About this group" }).click();
        const names = aboutGroup(page).locator(".member-name");
        await expect.poll(async () => (await names.allInnerTexts()).toSorted()).toEqual(["Alice", "Bob", "Carol"]);
      }
      await aboutGroup(carolsPage).getByText("Two changes were made at the same time.").waitFor();
      expect(problems()).toEqual([]);
    },
  );
});

/** At a terminal of his own. */
async function danAsks(text: string): Promise<Person> {
  const dan = await person({ name: "Dan", nodes: [story.node.hint] });
  story.cleanUp(() => dan.close());
  await dan.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  return dan;
}
