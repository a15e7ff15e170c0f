export function votesCast(yes: number, no: number, abstained: number): number {
  return yes + no + abstained;
}
