export function writeDuration(minutes: number): string {
  if (minutes === 0) return "0m";
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return `${hours === 0 ? "" : `${hours}h`}${rest === 0 ? "" : `${rest}m`}`;
}
