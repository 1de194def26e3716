/** A group of people in memory, and others who come to it by links, for the tests of group links. */
import type { ConversationId, GroupView } from "@xchat/client/api";
import { accountId, GroupWorld, textsOf as textsOfPerson, viewOf } from "./group-world.ts";
import type { TestDevice } from "./index.ts";

export { accountId, send } from "./group-world.ts";

export class LinkWorld extends GroupWorld {
  /** Alice's group with Bob and Carol, who are her contacts; Dave knows nobody. */
  async choir(): Promise<{
    readonly alice: TestDevice;
    readonly bob: TestDevice;
    readonly carol: TestDevice;
    readonly dave: TestDevice;
    readonly chat: ConversationId;
  }> {
    const [alice, bob, carol, dave] = await Promise.all(
      ["Alice", "Bob", "Carol", "Dave"].map((one) => this.person(one)),
    );
    const [a, b, c, d] = [alice, bob, carol, dave] as [TestDevice, TestDevice, TestDevice, TestDevice];
    await this.meet(a, b);
    await this.meet(a, c);
    const members = await Promise.all([b, c].map(accountId));
    const { chat } = await a.who.api.call("createGroup", { name: "Choir", description: "Tuesdays at seven", members });
    for (const one of [a, b, c]) await this.untilGroup(one, chat, ({ members: all }) => all.length === 3);
    return { alice: a, bob: b, carol: c, dave: d, chat };
  }

  /** Until its card is at the node. */
  async makeLink(
    by: TestDevice,
    chat: ConversationId,
    how: { needsApproval?: boolean; days?: number | null } = {},
  ): Promise<Made> {
    const { needsApproval = false, days = 7 } = how;
    const made = await by.who.api.call("createGroupLink", { chat, needsApproval, days });
    await this.untilGroup(by, chat, ({ links }) => links.some(({ id, state }) => id === made.id && state === "open"));
    return made;
  }

  async untilIn(device: TestDevice, chat: ConversationId, count: number): Promise<GroupView> {
    return this.untilGroup(device, chat, ({ members, role }) => role !== null && members.length === count);
  }

  /** Long enough for everybody to have answered who would. */
  async aWhile(): Promise<void> {
    for (let i = 0; i < 60; i++) await this.clock.pass(500);
  }

  async days(count: number): Promise<void> {
    for (let hour = 0; hour < count * 24; hour++) await this.clock.pass(3_600_000);
  }
}

export interface Made {
  readonly id: string;
  readonly code: string;
}

export const groupOf = ({ who }: TestDevice, chat: ConversationId): Promise<GroupView | null> => viewOf(who, chat);

export const textsOf = ({ who }: TestDevice, chat: ConversationId): Promise<readonly string[]> =>
  textsOfPerson(who, chat);

export const ask = (
  { who }: TestDevice,
  code: string,
  greeting = "",
): Promise<{ group: string; chat: string | null }> => who.api.call("joinGroup", { text: code, greeting });
