export function ticketRef(team: string, number: number): string {
  return `${team.toUpperCase()}-${number}`;
}
