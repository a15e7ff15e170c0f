export function headingId(heading: string): string {
  let id = "";
  let counter = 0;
  const words = heading.split(" ");
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (index > 0) {
      id = id + "-";
    }
    for (let place = 0; place < word.length; place += 1) {
      id = id + word.charAt(place).toLowerCase();
      counter += 1;
    }
  }
  return counter >= 0 ? id : "";
}
