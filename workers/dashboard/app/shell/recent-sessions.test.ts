import { describe, expect, it } from "vitest";
import { recentOf, sessionOfPath, withRecent } from "./recent-sessions.ts";

describe("sessions opened last", () => {
  it("are known by the path that was gone to", () => {
    expect(sessionOfPath("/sessions/SES-4NENVBFTEZN8MND9ECREYD57BG/graph")).toBe("SES-4NENVBFTEZN8MND9ECREYD57BG");
    expect(["/sessions", "/sessions/", "/inbox", "/sessions/other"].map(sessionOfPath)).toEqual([null, null, null, null]);
  });

  it("are each there once, the last one first, and few", () => {
    expect(withRecent(["SES-1", "SES-2"], "SES-2")).toEqual(["SES-2", "SES-1"]);
    expect(withRecent(["SES-1", "SES-2", "SES-3", "SES-4", "SES-5", "SES-6"], "SES-7")).toEqual(["SES-7", "SES-1", "SES-2", "SES-3", "SES-4", "SES-5"]);
  });

  it("are none where nothing was kept, and without what is no id", () => {
    expect(recentOf(null)).toEqual([]);
    expect(recentOf("SES-1,<b>,,SES-2")).toEqual(["SES-1", "SES-2"]);
  });
});
