/** Goes anywhere by a few letters: a page, a session that was open lately, a session by its text. */
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useState } from "react";
import { Autocomplete, Dialog, Header, Input, Menu, MenuItem, MenuSection, Modal, ModalOverlay, SearchField } from "react-aria-components";
import { useQuery, type UseQueryResponse } from "urql";
import { useViewer } from "../data/factory-context.tsx";
import { graphql, type ResultOf } from "../data/graphql.ts";
import { useDelayed } from "../ui/use-delayed.ts";
import { SessionBadge } from "../ui/state-badges.tsx";
import styles from "./command-palette.module.css";
import { placesFor } from "./places.ts";
import { recentSessions } from "./recent-sessions.ts";

const style = (name: string): string => styles[name] ?? "";

/** Sessions that are shown, and how long the text rests before it is asked for, in milliseconds. */
const MOST = 8;
const REST_MS = 150;

const FOUND = graphql(`
  query PaletteSessions($search: String, $first: Int!) {
    sessions(search: $search, first: $first, order: NEWEST_FIRST) {
      nodes {
        id
        title
        workOrderId
        state
      }
    }
  }
`);
type Found = ResultOf<typeof FOUND>["sessions"]["nodes"][number];

const RECENT = graphql(`
  query PaletteRecent($id: ID!) {
    session(id: $id) {
      id
      title
      state
    }
  }
`);

export function CommandPalette({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const go = (key: string | number): void => {
    onClose();
    void navigate({ to: String(key) });
  };
  return (
    <ModalOverlay isDismissable isOpen onOpenChange={(open) => (open ? undefined : onClose())} className={style("overlay")}>
      <Modal className={style("modal")}>
        <Dialog aria-label="Go to" className={style("dialog")}>
          <Autocomplete inputValue={text} onInputChange={setText}>
            <SearchField aria-label="Go to a page or a session" className={style("field")}>
              <Search size={17} aria-hidden />
              {/* The palette is opened to be typed into. */}
              <Input autoFocus placeholder="Go to a page, or find a session" className={style("input")} autoComplete="off" spellCheck={false} />
            </SearchField>
            {/* What scrolls has to take the focus: the choices themselves never have it. */}
            <div className={style("scroll")} role="region" aria-label="Choices" tabIndex={0}>
              <Choices text={text.trim()} onChoose={go} />
            </div>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Choices({ text, onChoose }: { readonly text: string; readonly onChoose: (key: string | number) => void }) {
  const { org } = useViewer();
  const rested = useDelayed(text, REST_MS);
  const [{ data }]: UseQueryResponse<ResultOf<typeof FOUND>> = useQuery({
    query: FOUND,
    variables: { search: rested === "" ? null : rested, first: MOST },
    requestPolicy: "cache-and-network",
  });
  const recent = text === "" ? recentSessions(org) : [];
  const found = (data?.sessions.nodes ?? []).filter(({ id }) => !recent.includes(id));
  const places = placesFor(text);
  return (
    <Menu
      aria-label="Pages and sessions"
      className={style("menu")}
      onAction={onChoose}
      renderEmptyState={() => <p className={style("none")}>Nothing is called that.</p>}
    >
      {recent.length === 0 ? null : (
        <MenuSection>
          <Header className={style("head")}>Opened lately</Header>
          {recent.map((id) => (
            <MenuItem key={id} id={`/sessions/${id}`} textValue={id} className={style("item")}>
              <RecentSession id={id} />
            </MenuItem>
          ))}
        </MenuSection>
      )}
      {places.length === 0 ? null : (
        <MenuSection>
          <Header className={style("head")}>Pages</Header>
          {places.map(({ to, title, icon: Icon }) => (
            <MenuItem key={to} id={to} textValue={title} className={style("item")}>
              <Icon size={16} aria-hidden />
              {title}
            </MenuItem>
          ))}
        </MenuSection>
      )}
      {found.length === 0 ? null : (
        <MenuSection>
          <Header className={style("head")}>{text === "" ? "Newest sessions" : "Sessions"}</Header>
          {found.map((session) => (
            <MenuItem key={session.id} id={`/sessions/${session.id}`} textValue={session.title ?? session.id} className={style("item")}>
              <SessionLine {...session} />
            </MenuItem>
          ))}
        </MenuSection>
      )}
    </Menu>
  );
}

function SessionLine({ id, title, state }: Pick<Found, "id" | "title" | "state">) {
  return (
    <>
      <span className={style("title")}>{title ?? id}</span>
      <SessionBadge state={state} />
    </>
  );
}

/** A session that is no longer there is known by its id alone. */
function RecentSession({ id }: { readonly id: string }) {
  const [{ data }] = useQuery({ query: RECENT, variables: { id } });
  const session = data?.session ?? null;
  return session === null ? <span className={style("title")}>{id}</span> : <SessionLine {...session} />;
}
