export function payloadOf(frame: string): string {
  return frame.slice(1);
}
