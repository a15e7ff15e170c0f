export function longestHeading(headings: string[]): number {
  let longest = 0;
  for (let index = 0; index < headings.length; index += 1) {
    const heading = headings[index] ?? "";
    let length = 0;
    for (let place = 0; place < heading.length; place += 1) {
      length = length + 1;
    }
    if (length > longest) {
      longest = length;
    }
  }
  return longest;
}
