import { describe, expect, it } from "vitest";
import { credentialsOf, credentialsOfFragment } from "./credentials.ts";

const file = { org: "local", apiKey: "fk_local_abc-1", envelopeKeyId: "ek_1", envelopeSecret: "c2VjcmV0", evidenceKey: { d: "private" } };

describe("what a person signs in with", () => {
  it("is read from a key file, without what the page has no use for", () => {
    expect(credentialsOf(JSON.stringify(file))).toEqual({ apiKey: "fk_local_abc-1", envelopeKeyId: "ek_1", envelopeSecret: "c2VjcmV0" });
  });

  it("may be an API key alone", () => {
    expect(credentialsOf("  fk_local_abc-1\n")).toEqual({ apiKey: "fk_local_abc-1" });
  });

  it.each(["", "two words", "{", "{}", '{"apiKey":1}'])("is not %j", (text) => {
    expect(credentialsOf(text)).toBeNull();
  });

  it("comes with a link, after the part that a browser sends", () => {
    const fragment = `#sign-in=${Buffer.from(JSON.stringify(file)).toString("base64url")}`;
    expect(credentialsOfFragment(fragment)?.apiKey).toBe("fk_local_abc-1");
  });

  it.each(["", "#events", "#sign-in=%%%", "#sign-in="])("does not come with %j", (fragment) => {
    expect(credentialsOfFragment(fragment)).toBeNull();
  });
});
