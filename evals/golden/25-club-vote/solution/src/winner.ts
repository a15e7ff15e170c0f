export function winner(candidates: { name: string; votes: number }[]): string {
  return candidates.reduce((best, candidate) => (candidate.votes > best.votes ? candidate : best)).name;
}
