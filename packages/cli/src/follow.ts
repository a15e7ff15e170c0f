/** Follows a session to its end through broken streams: after each it resumes from the last seq it saw. */
import { Code, ConnectError } from "@connectrpc/connect";
import { StreamMode, type SessionEvent, type SubmitSessionRequest } from "@factory/schemas/proto";
import type { FactoryClient } from "./client.ts";
import { EMPTY_VIEW, foldEvent, type SessionView } from "./session-view.ts";

export type FollowOptions = {
  readonly onEvent?: (event: SessionEvent, view: SessionView) => void;
  /** Told when the stream broke and will be resumed. */
  readonly onReconnect?: (reason: string) => void;
  /** Ends the following early; the session goes on. */
  readonly until?: (view: SessionView) => boolean;
  /** Resume strictly after this seq. */
  readonly after?: bigint;
  /** Go on from what was seen before; takes the place of `after`. */
  readonly from?: SessionView;
  /** Which events come; the view is as rich as they are. */
  readonly mode?: StreamMode;
  readonly signal?: AbortSignal;
};

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;

/** Codes after which the session may still be live. */
const RESUMABLE: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Unknown, Code.Internal, Code.DeadlineExceeded, Code.Aborted]);

/** Submits and follows. A stream that breaks before its first event is not resumed: whether the session exists is not known. @throws ConnectError */
export async function submitAndFollow(client: FactoryClient, request: SubmitSessionRequest, options: FollowOptions = {}): Promise<SessionView> {
  const view = await consume(EMPTY_VIEW, (call) => client.gateway.submitSession(request, call), options);
  if (view.lastSeq === 0n) throw new ConnectError("The session sent no event.", Code.Unavailable);
  return isOver(view, options) ? view : follow(client, view, options);
}

/** Follows a session that exists, from `after` on. @throws ConnectError for what resuming cannot mend. */
export async function followSession(client: FactoryClient, sessionId: string, options: FollowOptions = {}): Promise<SessionView> {
  return follow(client, options.from ?? { ...EMPTY_VIEW, sessionId, lastSeq: options.after ?? 0n }, { ...options, ...untilNews(options) });
}

/** A view that already meets `until` is followed to something new first. */
function untilNews({ from, until }: FollowOptions): FollowOptions {
  if (until === undefined) return {};
  return { until: (view) => view.lastSeq > (from?.lastSeq ?? 0n) && until(view) };
}

function isOver(view: SessionView, options: FollowOptions): boolean {
  return view.terminal !== undefined || options.until?.(view) === true || options.signal?.aborted === true;
}

async function follow(client: FactoryClient, start: SessionView, options: FollowOptions): Promise<SessionView> {
  let view = start;
  let waitMs = FIRST_WAIT_MS;
  while (!isOver(view, options)) {
    const before = view.lastSeq;
    const request = { sessionId: view.sessionId, fromSequence: view.lastSeq, streamMode: options.mode ?? StreamMode.ALL };
    view = await consume(view, (call) => client.gateway.resumeStream(request, call), options);
    if (isOver(view, options)) break;
    waitMs = view.lastSeq > before ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return view;
}

type Open = (call: { readonly signal: AbortSignal }) => AsyncIterable<{ readonly event?: SessionEvent | undefined }>;

/** Folds a stream until it ends, is left, or breaks in a way that resuming can mend. */
async function consume(start: SessionView, open: Open, options: FollowOptions): Promise<SessionView> {
  let view = start;
  // Leaving the loop does not end a generated client's call: without this the connection would stay open.
  const left = new AbortController();
  const signal = options.signal === undefined ? left.signal : AbortSignal.any([left.signal, options.signal]);
  try {
    for await (const { event } of open({ signal })) {
      if (event === undefined || event.seq <= view.lastSeq) continue;
      view = foldEvent(view, event);
      options.onEvent?.(event, view);
      if (isOver(view, options)) break;
    }
  } catch (err) {
    const error = ConnectError.from(err);
    const canResume = view.lastSeq > 0n && RESUMABLE.has(error.code);
    if (options.signal?.aborted !== true && !canResume) throw error;
    if (options.signal?.aborted !== true) options.onReconnect?.(error.rawMessage);
  } finally {
    left.abort();
  }
  return view;
}
