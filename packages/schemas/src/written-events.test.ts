import { describe, expect, test } from "vitest";
import { FactoryError } from "./errors.ts";
import type { EventWrite } from "./events.ts";
import { ulidId } from "./ids.ts";
import { eventsOfText, readEvent, textOfEvents, writtenEvent } from "./written-events.ts";

const anEvent = (reason: string): EventWrite<"CONSENT_BEAD_DENIED"> => ({
  eventId: ulidId("EVT", 1),
  kind: "CONSENT_BEAD_DENIED",
  occurredAt: 7,
  payload: { beadId: "BEAD-1", runId: "RUN-1", toolName: "write_file", inputHash: "h", permittedTools: ["b", "a"], reason, epoch: 2 },
});
const RUN = "RUN-00000000000000000000000000";

describe("events as text", () => {
  test("are read as they were written, whatever is in their payloads", () => {
    const events = [anEvent('line\nbreak \u2028 " } {'), { ...anEvent(""), runId: RUN }, anEvent("\ud83d\ude00")];
    const text = textOfEvents(events.map(writtenEvent));
    expect(eventsOfText(text).map(readEvent)).toEqual(events);
    expect(eventsOfText(text)).toEqual(events.map(writtenEvent));
    expect(eventsOfText("")).toEqual([]);
  });

  test("hold a payload whose text is not the canonical one, and reading it says so", () => {
    const written = writtenEvent(anEvent("x"));
    const [turned] = eventsOfText(textOfEvents([{ ...written, payload: JSON.stringify(anEvent("x").payload) }]));
    expect(turned?.payload).not.toBe(written.payload);
    expect(() => turned && readEvent(turned)).toThrow(FactoryError);
    const [foreign] = eventsOfText(textOfEvents([{ ...written, payload: `{"stray":1}` }]));
    expect(() => foreign && readEvent(foreign)).toThrow(/stray/);
  });

  test.each([
    ["a line too few", (text: string) => text.slice(0, text.lastIndexOf("{"))],
    ["a line too many", (text: string) => `${text}more\n`],
    ["no break at its end", (text: string) => text.slice(0, -1)],
    ["another id", (text: string) => text.replace("EVT-", "EVX-")],
    ["another kind", (text: string) => text.replace("CONSENT", "NONSENSE")],
    ["another run", (text: string) => text.replace(RUN, "RUN-?")],
    ["no time", (text: string) => text.replace("\n7\n", "\n\n")],
    ["a time that is none", (text: string) => text.replace("\n7\n", "\n7.5\n")],
    ["a payload that is no object", (text: string) => text.replace(/\{.*\}/, "[]")],
  ])("with %s are refused", (_, broken) => {
    const text = textOfEvents([writtenEvent({ ...anEvent("x"), runId: RUN })]);
    expect(eventsOfText(text)).toHaveLength(1);
    expect(() => eventsOfText(broken(text))).toThrow(FactoryError);
  });
});
