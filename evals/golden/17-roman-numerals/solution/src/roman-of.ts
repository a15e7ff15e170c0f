export function romanOf(value: number): string {
  if (value < 1 || value > 3999) throw new RangeError("Roman numerals go from 1 to 3999.");
  const parts: readonly (readonly [number, string])[] = [
    [1000, "M"],
    [900, "CM"],
    [500, "D"],
    [400, "CD"],
    [100, "C"],
    [90, "XC"],
    [50, "L"],
    [40, "XL"],
    [10, "X"],
    [9, "IX"],
    [5, "V"],
    [4, "IV"],
    [1, "I"],
  ];
  let rest = value;
  let roman = "";
  for (const [worth, letters] of parts) {
    roman += letters.repeat(Math.floor(rest / worth));
    rest %= worth;
  }
  return roman;
}
