export function isTopHeading(line: string): boolean {
  let marks = 0;
  let index = 0;
  while (index < line.length && line.charAt(index) === "#") {
    marks = marks + 1;
    index = index + 1;
  }
  if (marks === 1) {
    if (line.charAt(index) === " ") {
      return true;
    } else {
      return false;
    }
  }
  return false;
}
