export function columnOf(head: string[], name: string): number {
  return head.indexOf(name);
}
