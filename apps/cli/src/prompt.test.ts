import { expect, test } from "vitest";
import { IntentError } from "@xchat/client/api";
import { askNewPassphrase } from "./prompt.ts";

test("a new passphrase is asked for twice, but one that is too short is refused at once", async () => {
  const asked: string[] = [];
  const typing = (...answers: string[]) => {
    asked.length = 0;
    return askNewPassphrase("New: ", async (question) => {
      asked.push(question);
      return answers[asked.length - 1] ?? null;
    });
  };
  await expect(typing("short", "short")).rejects.toThrow(new IntentError("passphrase-too-short"));
  expect(asked).toEqual(["New: "]);
  expect(await typing("long enough", "long enough")).toBe("long enough");
  expect(asked).toEqual(["New: ", "Once more: "]);
  expect(await typing("long enough", "long enouhg")).toBe("differs");
  expect(await typing("")).toBe(null);
});
