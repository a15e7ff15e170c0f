/** A draft as the browser keeps it across reloads, one for each person of an organisation. */
import * as z from "zod/mini";
import type { AttachedFile } from "@factory/schemas";

export type Draft = { readonly text: string; readonly files: readonly AttachedFile[] };

/** A draft that was kept. */
export type KeptDraft = Draft & {
  /** RFC 3339. */
  readonly keptAt: string;
  /** Paths of files that were too large to be kept. */
  readonly lostFiles: readonly string[];
};

/** The part of a browser's storage that is used. */
export type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Whose draft it is. */
export type DraftOwner = { readonly org: string; readonly principalId: string };

export const EMPTY_DRAFT: Draft = { text: "", files: [] };

/** Nothing is written and nothing is attached. */
export const isEmptyDraft = ({ text, files }: Draft): boolean => text.trim() === "" && files.length === 0;

/** Files are kept up to so many characters together: browsers give a site about five million for everything. */
const MAX_KEPT_FILE_CHARS = 2_000_000;

const keptDraft = z.object({
  text: z.string(),
  files: z.array(z.object({ path: z.string(), content: z.string() })),
  keptAt: z.string(),
  lostFiles: z.array(z.string()),
});

const keyOf = ({ org, principalId }: DraftOwner): string => `factory.draft.${org}.${principalId}`;

/** The kept draft; null when there is none that can be read. */
export function readDraft(storage: DraftStorage, owner: DraftOwner): KeptDraft | null {
  const text = storage.getItem(keyOf(owner));
  return text === null ? null : (keptDraft.safeParse(jsonOf(text)).data ?? null);
}

/** How much of a draft is kept. */
export type Keeping = "all" | "without-files" | "nothing";

/** Keeps a draft, or forgets the kept one when the draft is empty. */
export function keepDraft(storage: DraftStorage, owner: DraftOwner, draft: Draft, now: Date): Keeping {
  if (isEmptyDraft(draft)) {
    forgetDraft(storage, owner);
    return "all";
  }
  const chars = draft.files.reduce((sum, { content }) => sum + content.length, 0);
  const isWhole = chars <= MAX_KEPT_FILE_CHARS;
  if (isWhole && store(storage, owner, { ...draft, keptAt: now.toISOString(), lostFiles: [] })) return "all";
  const lost = { text: draft.text, files: [], keptAt: now.toISOString(), lostFiles: draft.files.map(({ path }) => path) };
  return store(storage, owner, lost) ? "without-files" : "nothing";
}

/** Forgets the kept draft. */
export function forgetDraft(storage: DraftStorage, owner: DraftOwner): void {
  storage.removeItem(keyOf(owner));
}

function store(storage: DraftStorage, owner: DraftOwner, draft: KeptDraft): boolean {
  try {
    storage.setItem(keyOf(owner), JSON.stringify(draft));
    return true;
  } catch {
    // The browser has no room, or keeps nothing at all; the page says which part is not kept.
    return false;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not of this page's making; it is as if there were none.
    return null;
  }
}
