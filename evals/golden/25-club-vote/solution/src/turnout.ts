export function turnout(votes: number, members: number): number {
  return Math.round((votes / members) * 100);
}
