export function checkedSeats(seats: number): number {
  if (seats < 1 || seats > 8) throw new RangeError("There are 1 to 8 seats.");
  return seats;
}
