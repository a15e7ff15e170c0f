/** Bounds of a subscription's document: what it may cost to read, and what each event may cost once it is read. */
import { GraphQLError, Kind, type FragmentDefinitionNode, type SelectionSetNode } from "graphql";

/** Limits; what is over one is refused with a message that names it. */
export const OPERATION_LIMITS = {
  /** Of the document, in characters. */
  documentChars: 8 * 1024,
  /** Of the variables as JSON, in characters. */
  variablesChars: 2 * 1024,
  tokens: 1_000,
  depth: 10,
  /** Fields that an event is sent with, fragments spread: an event's type has some twenty, each with its own. */
  fields: 200,
  aliases: 20,
  directives: 20,
} as const;

/** What is over a limit, with the code that every interface says it by. */
export const tooLarge = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: "TOO_LARGE" } });

type Size = { readonly depth: number; readonly fields: number; readonly aliases: number; readonly directives: number };
const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, directives: 0 };

/**
 * Measures an operation with its fragments spread: what a document says once and spreads often counts each time.
 *
 * @param fragments - of a valid document, so that none spreads itself
 * @returns null when it is within the limits
 */
export function overOperationLimit(root: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): GraphQLError | null {
  const known = new Map<string, Size>();
  const sizeOfFragment = (name: string): Size => {
    const fragment = fragments.get(name);
    const size = known.get(name) ?? (fragment === undefined ? NOTHING : sizeOf(fragment.selectionSet));
    known.set(name, size);
    return size;
  };
  const sizeOf = ({ selections }: SelectionSetNode): Size => {
    let total = NOTHING;
    for (const node of selections) {
      const inner =
        node.kind === Kind.FRAGMENT_SPREAD ? sizeOfFragment(node.name.value) : node.selectionSet === undefined ? NOTHING : sizeOf(node.selectionSet);
      const field = node.kind === Kind.FIELD;
      total = {
        depth: Math.max(total.depth, inner.depth + (field ? 1 : 0)),
        fields: total.fields + inner.fields + (field ? 1 : 0),
        aliases: total.aliases + inner.aliases + (field && node.alias !== undefined ? 1 : 0),
        directives: total.directives + inner.directives + (node.directives?.length ?? 0),
      };
    }
    return total;
  };
  const size = sizeOf(root);
  for (const name of ["depth", "fields", "aliases", "directives"] as const) {
    if (size[name] > OPERATION_LIMITS[name]) return tooLarge(`The operation's ${name} are ${size[name]}; the limit is ${OPERATION_LIMITS[name]}.`);
  }
  return null;
}
