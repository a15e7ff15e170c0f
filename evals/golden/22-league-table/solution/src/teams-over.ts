export function teamsOver(teams: { name: string; points: number }[], limit: number): string[] {
  return teams.filter(({ points }) => points > limit).map(({ name }) => name);
}
