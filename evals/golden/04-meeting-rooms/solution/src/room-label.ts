export function roomLabel(busy: boolean, time: string): string {
  return `${busy ? "busy" : "free"} until ${time}`;
}
