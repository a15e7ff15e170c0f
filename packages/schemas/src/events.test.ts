import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { EVENT_KINDS, EVENT_KIND_NAMES, isStateTransitionKind, isTerminalKind, parseEventPayload } from "./events.ts";
import * as proto from "./proto.js";

const fields = proto.SessionEventSchema.field as Record<string, { message?: Parameters<typeof fromJson>[0] }>;

describe("the event catalog", () => {
  it("has the kinds and numbers of the proto, and no others", () => {
    const named = proto.SessionEventKindSchema.values
      .filter((value) => value.number !== 0)
      .map((value) => [value.name.replace("SESSION_EVENT_KIND_", ""), value.number]);
    expect(named).toEqual(EVENT_KIND_NAMES.map((name) => [name, EVENT_KINDS[name].number]));
  });

  it("names a payload message of the proto with the same fields for each kind", () => {
    for (const name of EVENT_KIND_NAMES) {
      const { payload, payloadCase } = EVENT_KINDS[name];
      const message = fields[payloadCase]?.message;
      expect(message, `${name}: ${payloadCase}`).toBeDefined();
      const inProto = message?.fields.map((field) => field.jsonName).sort();
      expect(Object.keys((payload as z.ZodObject).shape).sort(), name).toEqual(inProto);
    }
  });

  it("carries a payload through the proto's JSON form unchanged", () => {
    const payload = parseEventPayload("BEAD_CLAIMED", {
      beadId: "BEAD-1",
      runId: "RUN-1",
      atomId: "ATOM-1",
      title: "slugify",
      team: "build",
      role: "coder",
      fromState: "READY",
      toState: "LEASED",
      epoch: 1,
      attempt: 1,
      cycle: 0,
    });
    // Absent optional fields are typed `undefined`; JSON leaves them out.
    const message = fields["bead"]?.message;
    if (message === undefined) throw new Error("no bead payload");
    expect(toJson(message, fromJson(message, payload as JsonValue), { alwaysEmitImplicit: true })).toEqual(payload);
  });

  it("ends a session with 24, 25, 26 and 32 only", () => {
    expect(
      EVENT_KIND_NAMES.filter(isTerminalKind)
        .map((name) => EVENT_KINDS[name].number)
        .sort((a, b) => a - b),
    ).toEqual([24, 25, 26, 32]);
  });

  it("counts 1 to 10, 22 to 26 and 32 as state transitions", () => {
    const numbers = EVENT_KIND_NAMES.filter(isStateTransitionKind)
      .map((name) => EVENT_KINDS[name].number)
      .sort((a, b) => a - b);
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 22, 23, 24, 25, 26, 32]);
  });

  it("refuses a payload with an unknown field", () => {
    expect(() => parseEventPayload("SESSION_SUBMITTED", { fromState: "", toState: "SUBMITTED", reason: "", extra: 1 })).toThrow(z.ZodError);
  });
});
