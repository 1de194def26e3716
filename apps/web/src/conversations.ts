/** What the worker loads when there is somebody to talk to: the greater part of the client, and its encryption. */
import { conversations, type Conversations } from "@xchat/client/conversations";
import type { CryptoProvider } from "@xchat/crypto";
import { mlsGroupCipher } from "@xchat/mls";

export const loadedConversations = (provider: CryptoProvider): Conversations =>
  conversations((rules) => mlsGroupCipher({ provider, rules }));
