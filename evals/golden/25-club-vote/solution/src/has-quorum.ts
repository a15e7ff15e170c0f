export function hasQuorum(votes: number, members: number): boolean {
  return votes * 2 >= members;
}
