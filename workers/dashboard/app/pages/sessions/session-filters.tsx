/** What narrows the list of sessions, and how many each choice has. */
import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from "react";
import { graphql, type ResultOf } from "../../data/graphql.ts";
import { usePolledQuery } from "../../data/use-polled-query.ts";
import { FilterChips } from "../../ui/filter-chips.tsx";
import { SearchField } from "../../ui/search-field.tsx";
import { Select } from "../../ui/select.tsx";
import { wordsOf } from "../../ui/state-badges.tsx";
import { useDelayed } from "../../ui/use-delayed.ts";
import styles from "./sessions.module.css";
import { ORDERS, PROBLEMS, STATES, type SessionsSearch } from "./sessions-search.ts";

/** How long the text rests before it is searched for, and how often the counts are asked for, in milliseconds. */
const REST_MS = 250;
const COUNTS_MS = 4_000;

const COUNTS = graphql(`
  query SessionCounts($assembly: ID) {
    assemblies
    sessionCounts(assemblyId: $assembly) {
      total
      byState {
        state
        count
      }
      problems {
        problem
        count
      }
    }
  }
`);
export type Counts = ResultOf<typeof COUNTS>["sessionCounts"];

/** How many sessions there are, by state and problem; undefined before it is known. */
export function useSessionCounts(assembly: string | undefined): { readonly counts: Counts | undefined; readonly assemblies: readonly string[] } {
  const [{ data }] = usePolledQuery({ query: COUNTS, variables: { assembly: assembly ?? null }, everyMs: COUNTS_MS });
  return { counts: data?.sessionCounts, assemblies: data?.assemblies ?? [] };
}

const ORDER_TEXTS: { readonly [O in (typeof ORDERS)[number]]: string } = { PROBLEMS_FIRST: "Problems first", NEWEST_FIRST: "Newest first" };
/** In place of an assembly; none is called so. */
const ALL = "";

export type SessionFiltersProps = {
  readonly search: SessionsSearch;
  readonly onChange: (change: Partial<SessionsSearch>) => void;
  readonly counts: Counts | undefined;
  readonly assemblies: readonly string[];
  /** The search field, for the shortcut that goes there. */
  readonly field: RefObject<HTMLDivElement | null>;
};

export function SessionFilters({ search, onChange, counts, assemblies, field }: SessionFiltersProps) {
  const { order = "PROBLEMS_FIRST", assembly, states = [], problems = [] } = search;
  const named = assembly === undefined || assemblies.includes(assembly) ? assemblies : [assembly, ...assemblies];
  return (
    <search className={styles["filters"]} aria-label="Sessions">
      <div className={styles["line"]}>
        <div ref={field} className={styles["text"]} onKeyDownCapture={leaveByEscape}>
          <SearchText value={search.search ?? ""} onChange={(text) => onChange({ search: text.trim() === "" ? undefined : text.trim() })} />
        </div>
        <Select
          label="Assembly"
          choices={[{ id: ALL, text: "Every assembly" }, ...named.map((id) => ({ id, text: id }))]}
          value={assembly ?? ALL}
          onChange={(id) => onChange({ assembly: id === ALL ? undefined : id })}
        />
        <Select
          label="Order"
          choices={ORDERS.map((id) => ({ id, text: ORDER_TEXTS[id] }))}
          value={order}
          onChange={(id) => onChange({ order: id === "PROBLEMS_FIRST" ? undefined : id })}
        />
      </div>
      <div className={styles["line"]}>
        <FilterChips
          label="Problems"
          choices={PROBLEMS.map((id) => ({ id, text: wordsOf(id), ...countOf(counts?.problems.find(({ problem }) => problem === id)?.count, counts) }))}
          value={problems}
          onChange={(ids) => onChange({ problems: ids.length === 0 ? undefined : ids })}
        />
        <span className={styles["rule"]} aria-hidden />
        <FilterChips
          label="States"
          choices={STATES.map((id) => ({ id, text: wordsOf(id), ...countOf(counts?.byState.find(({ state }) => state === id)?.count, counts) })).filter(
            ({ id, count }) => count !== 0 || states.includes(id),
          )}
          value={states}
          onChange={(ids) => onChange({ states: ids.length === 0 ? undefined : ids })}
        />
      </div>
    </search>
  );
}

/** Escape goes back to the page and leaves the text as it is; the field by itself would empty it. */
function leaveByEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape" || !(event.target instanceof HTMLElement)) return;
  event.preventDefault();
  event.stopPropagation();
  event.target.blur();
}

/** A choice that the counts do not name has none; without counts nothing is said. */
const countOf = (count: number | undefined, counts: Counts | undefined): { readonly count?: number } => (counts === undefined ? {} : { count: count ?? 0 });

/** Tells a text when it rests; one that the address brings takes the place of what was typed. */
function SearchText({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const rested = useDelayed(text, REST_MS);
  useEffect(() => {
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    if (rested.trim() === told.current) return;
    told.current = rested.trim();
    onChange(rested);
    // A function that is another one at every render changes nothing of the text.
  }, [rested]);
  return <SearchField label="Search titles and ids" value={text} onChange={setText} />;
}
