export function tierOf(points: number): "basic" | "silver" | "gold" {
  if (points >= 500) return "gold";
  return points >= 100 ? "silver" : "basic";
}
