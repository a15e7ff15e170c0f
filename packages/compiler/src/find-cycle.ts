/** Cycles in graphs of keys. */

/** A cycle in a graph of keys, as the path that closes it, or undefined when there is none. Unknown keys end a path. */
export function findCycle(nodes: readonly { readonly key: string; readonly dependsOn: readonly string[] }[]): string[] | undefined {
  const edges = new Map(nodes.map(({ key, dependsOn }) => [key, dependsOn]));
  const done = new Set<string>();
  for (const { key: start } of nodes) {
    // Depth first without recursion: a graph may be a chain as long as the order.
    const path: { key: string; next: number }[] = [{ key: start, next: 0 }];
    const placeOf = new Map([[start, 0]]);
    while (path.length > 0) {
      const top = path.at(-1);
      if (top === undefined) break;
      const child = done.has(top.key) ? undefined : edges.get(top.key)?.[top.next];
      top.next += 1;
      if (child === undefined) {
        done.add(top.key);
        placeOf.delete(top.key);
        path.pop();
        continue;
      }
      const seen = placeOf.get(child);
      if (seen !== undefined) return [...path.slice(seen).map(({ key }) => key), child];
      if (done.has(child)) continue;
      placeOf.set(child, path.length);
      path.push({ key: child, next: 0 });
    }
  }
  return undefined;
}
