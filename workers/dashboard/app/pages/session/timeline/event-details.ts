/** What an open event says beside its line. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
  timeZoneName: "short",
});

/** An RFC 3339 instant as the time of its day in the viewer's zone, to the millisecond. */
export const clockText = (at: string): string => clock.format(Date.parse(at));

/** An RFC 3339 instant in the viewer's zone, to the millisecond. */
export const exactText = (at: string): string => exact.format(Date.parse(at));

/** The bead and the artifact that a payload names; null where it names none. */
export function subjectsOf(payload: unknown): { readonly beadId: string | null; readonly artifactId: string | null } {
  const fields = typeof payload === "object" && payload !== null ? payload : {};
  const text = (name: string): string | null => {
    const value: unknown = Reflect.get(fields, name);
    return typeof value === "string" && value !== "" ? value : null;
  };
  return {
    beadId: text("beadId"),
    artifactId: text("artifactId") ?? text("finalArtifactId") ?? text("candidateSetId") ?? text("verificationId") ?? text("divergenceId"),
  };
}
