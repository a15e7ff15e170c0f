/**
 * The gateway's neighbours for its own tests: they answer the same RPC, record what they were asked and keep nothing.
 * One module stands for every Worker the gateway binds. An order whose title starts with "Hold" stays open; any other
 * one completes at once with a deliverable and a sealed package.
 */
import { createHash } from "node:crypto";
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const logName = (request) => `log:${encodeURIComponent(request.org)}:${encodeURIComponent(request.sessionId)}`;

const STREAM_OF = { ARTIFACT_WRITTEN: "artifactWrites", BEAD_CLAIMED: "beadUpdates", BEAD_RELEASED: "beadUpdates" };
const TERMINAL = new Set(["SESSION_COMPLETED", "SESSION_FAILED", "SESSION_CANCELLED", "SESSION_REJECTED"]);

const moved = (kind, fromState, toState) => ({ kind, payload: { fromState, toState, reason: "as asked" } });
const terminal = (kind, outcome, more = {}) => ({ kind, payload: { outcome, reason: "done", fromState: "DELIVERING", ...more } });

const FILES = { "src/b.ts": "x".repeat(150_000), "README.md": "# Délivré\n", "src/empty.ts": "" };

export class CommissioningAgentDO extends DurableObject {
  #request = null;
  #state = "COMMISSIONING";
  #asked = [];

  async commission(request) {
    this.#asked.push(["commission", request]);
    if (this.#request !== null) {
      if (this.#request.envelopeDigest !== request.envelopeDigest)
        return { ok: false, code: "ALREADY_EXISTS", message: "The same ids were used for another content." };
      return { ok: true, created: false };
    }
    this.#request = request;
    await this.#log().append(request, [moved("SESSION_SUBMITTED", "", "SUBMITTED")]);
    if (!request.order.title.startsWith("Hold")) await this.#complete(request);
    return { ok: true, created: true };
  }

  async status() {
    if (this.#request === null) return null;
    return { sessionId: this.#request.sessionId, state: this.#state, runId: null, openReview: null, reason: null };
  }

  async cancel(reason, principal) {
    this.#asked.push(["cancel", { reason, principal }]);
    if (this.#state === "COMMISSIONING") {
      this.#state = "CANCELLED";
      await this.#log().append(this.#request, [terminal("SESSION_CANCELLED", "CANCELLED")]);
    }
    return { ok: true, state: this.#state };
  }

  async acknowledge(review) {
    this.#asked.push(["acknowledge", review]);
    if (review.reviewId === "REV-closed") return { ok: false, code: "REVIEW_CLOSED", message: "The review is already closed." };
    if (review.reviewId === "REV-explodes") throw new Error("secret internals at /srv/agent.ts:12");
    return { ok: true, state: "COMPILING" };
  }

  async poke() {
    this.#asked.push(["poke"]);
    return { state: this.#state };
  }

  /** What was asked of this object, in order. */
  async asked() {
    return this.#asked;
  }

  async objectHealth() {
    const neighbours = this.#request === null ? null : { assembly: "shop", mediation: true, runId: `RUN-of-${this.#request.sessionId}` };
    return { ...aHealth(this.#state), outbox: { pending: 2, oldestAt: 1_785_844_800_000, worstAttempts: 3, parked: 0, parkedReason: null }, neighbours };
  }

  async #complete(request) {
    const files = [];
    for (const [path, content] of Object.entries(FILES)) {
      const digest = sha256(content);
      await this.env.BLOBS.put(`blobs/${digest.slice(0, 2)}/${digest}`, content);
      files.push({ path, mode: 0o644, digest, bytes: Buffer.byteLength(content) });
    }
    const key = `${encodeURIComponent(request.org)}/${encodeURIComponent(request.sessionId)}.json`;
    await this.env.BLOBS.put(`deliverables/${key}`, JSON.stringify({ files }));
    const evidence = JSON.stringify({ session: request.sessionId });
    await this.env.BLOBS.put(`evidence/${key}`, evidence);
    const bead = { beadId: "BEAD-1", runId: "RUN-1", atomId: "ATOM-1", title: "slugify", team: "build", role: "coder", epoch: 1, attempt: 1, cycle: 0 };
    await this.#log().append(request, [
      moved("COMPILATION_COMPLETE", "COMPILING", "EXECUTING"),
      { kind: "BEAD_CLAIMED", payload: { ...bead, fromState: "READY", toState: "LEASED" } },
      { kind: "BEAD_RELEASED", payload: { ...bead, fromState: "LEASED", toState: "DONE" } },
      moved("DEPLOYING", "ACCEPTING", "DELIVERING"),
      { kind: "ARTIFACT_WRITTEN", payload: { artifactId: "EVD-0000000000000000000000000A" } },
      terminal("SESSION_COMPLETED", "COMPLETED", { evidenceDigest: sha256(evidence) }),
    ]);
    this.#state = "COMPLETED";
  }

  #log() {
    return this.env.SESSION_LOGS.getByName(logName(this.#request));
  }
}

export class SubscriptionBufferDO extends DurableObject {
  #events = [];
  #readers = new Set();

  async append(identity, events) {
    let appended = 0;
    for (const { kind, payload, eventId } of events) {
      if (eventId !== undefined && this.#events.some((event) => event.eventId === eventId)) continue;
      const tip = await this.tip();
      if (tip.closed) return { ok: false, code: "FAILED_PRECONDITION", message: `Event ${eventId} (${kind}) came after the session's terminal event.` };
      const seq = tip.lastSeq + 1;
      appended += 1;
      const event = {
        seq,
        eventId: eventId ?? `EVT-${seq}`,
        stream: STREAM_OF[kind] ?? "sessionEvents",
        kind,
        sessionId: identity.sessionId,
        assemblyId: "shop",
        workOrderId: identity.workOrderId,
        occurredAt: 1_785_844_800_000 + seq,
        payload,
        prevHash: this.#events.at(-1)?.hash ?? "0".repeat(64),
        hash: sha256(`${seq}`),
      };
      this.#events.push(event);
      for (const reader of this.#readers) reader.enqueue(line(event));
    }
    return { ok: true, tip: await this.tip(), appended };
  }

  async tip() {
    const last = this.#events.at(-1);
    return { lastSeq: this.#events.length, rootHash: last?.hash ?? "0".repeat(64), closed: last !== undefined && TERMINAL.has(last.kind), archived: false };
  }

  async objectHealth() {
    return aHealth((await this.tip()).closed ? "closed" : "open");
  }

  async read(after, limit) {
    return { events: this.#events.slice(after, after + limit), tip: await this.tip() };
  }

  async subscribe(after) {
    let reader;
    return new ReadableStream({
      type: "bytes",
      start: (controller) => {
        reader = controller;
        controller.enqueue(new TextEncoder().encode("\n"));
        for (const event of this.#events.slice(after)) controller.enqueue(line(event));
        this.#readers.add(controller);
      },
      cancel: () => {
        this.#readers.delete(reader);
      },
    });
  }

  /** Ends every subscription as an eviction would. */
  async breakOff() {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
  }

  async subscribers() {
    return this.#readers.size;
  }

  /** Answers once nobody listens. A reader that is gone is noticed by the next write, so heartbeats are written. */
  async whenUnsubscribed() {
    while (this.#readers.size > 0) {
      for (const reader of this.#readers) reader.enqueue(new TextEncoder().encode("\n"));
      await scheduler.wait(HEARTBEAT_MS);
    }
    return 0;
  }
}

/** What an object says of itself in these tests: it has storage, and nothing that it was not given. */
function aHealth(state) {
  const nothing = { nextAlarmAt: null, outbox: null, leases: [], lastError: null, schemaVersion: "0001-double", failingTimers: [] };
  return { state, storageBytes: 4_096, ...nothing };
}

class Answering extends DurableObject {
  async objectHealth() {
    return aHealth("idle");
  }
}

export class MediationAgentDO extends Answering {}
export class OperativeDO extends Answering {}

/** Its one lease has expired, and it is held by slot 2. */
export class CoordinatorDO extends Answering {
  async objectHealth() {
    const lease = { beadId: "BEAD-1", slot: 2, epoch: 4, claimedAt: 1_785_844_800_000, leaseUntil: 1_785_844_920_000, expired: true };
    const outbox = { pending: 1, oldestAt: 1_785_844_700_000, worstAttempts: 7, parked: 1, parkedReason: "The log refused it." };
    return { ...aHealth("open"), storageBytes: 20_480, outbox, leases: [lease], lastError: "The log refused it." };
  }
}

/** It does not answer. */
export class CapacityDO extends Answering {
  async objectHealth() {
    throw new Error("the object was reset");
  }
}

/** It has told somebody in vain. */
export class SignalDeskDO extends Answering {
  #pokes = 0;

  async objectHealth() {
    return { ...aHealth(null), outbox: { pending: 4, oldestAt: 1_785_844_800_000, worstAttempts: 9, parked: 0, parkedReason: null } };
  }

  async poke() {
    this.#pokes += 1;
  }

  async pokes() {
    return this.#pokes;
  }
}

const A_TIME = "2026-08-04T12:00:00.000Z";

/** An organisation's directory in memory: it keeps what it is told and checks nothing. */
export class OrgDirectoryDO extends DurableObject {
  #name = null;
  #members = new Map();
  #keys = new Map();
  #signingKeys = new Map();
  #issuers = new Map();
  #changes = [];
  #used = [];
  #pokes = 0;

  async objectHealth() {
    return aHealth(null);
  }

  async poke() {
    this.#pokes += 1;
  }

  async pokes() {
    return this.#pokes;
  }

  #org() {
    return decodeURIComponent(this.ctx.id.name.split(":")[1]);
  }

  #change(actor, what) {
    this.#changes.unshift({ seq: this.#changes.length + 1, at: A_TIME, actor, what });
  }

  async found(name, actor) {
    if (this.#name !== null) return { ok: true, created: false };
    this.#name = name;
    this.#change(actor, `founded ${name}`);
    return { ok: true, created: true };
  }

  async describe() {
    if (this.#name === null) return null;
    const active = [...this.#keys.values()].filter(({ status }) => status === "active");
    const members = [...this.#members.values()].filter(({ status }) => status === "active");
    return { org: this.#org(), name: this.#name, createdAt: A_TIME, members: members.length, keys: active.length, issuers: [...this.#issuers.values()] };
  }

  async putMember(member, actor) {
    const view = { ...member, status: "active", createdAt: A_TIME };
    const changed = JSON.stringify(this.#members.get(member.memberId)) !== JSON.stringify(view);
    this.#members.set(member.memberId, view);
    if (changed) this.#change(actor, `put ${member.memberId}`);
    return { ok: true, member: view, changed };
  }

  async removeMember(memberId, actor) {
    const member = this.#members.get(memberId);
    if (member === undefined) return { ok: false, code: "NOT_FOUND", message: `There is no member ${memberId}.` };
    this.#members.set(memberId, { ...member, status: "removed" });
    this.#change(actor, `removed ${memberId}`);
    return { ok: true, revokedKeys: 1 };
  }

  async members() {
    return [...this.#members.values()];
  }

  async issueKey(request, actor) {
    const apiKey = `fk_${this.#org()}_${"x".repeat(40)}${this.#keys.size}`;
    const keyId = `key-${this.#keys.size + 1}`;
    const key = { ...request, keyId, createdAt: A_TIME, lastUsedAt: null, status: "active", successorId: null };
    this.#keys.set(keyId, key);
    this.#change(actor, `issued ${keyId}`);
    return { ok: true, issued: { apiKey, key } };
  }

  async rotateKey(keyId, overlapSeconds, actor) {
    const key = this.#keys.get(keyId);
    const { label, principalId, memberId, scopes } = key;
    const successor = await this.issueKey({ label: `${label}, ${overlapSeconds} s`, principalId, memberId, scopes, expiresAt: null }, actor);
    this.#keys.set(keyId, { ...key, status: "rotated", successorId: successor.issued.key.keyId });
    return successor;
  }

  async revokeKey(keyId, actor) {
    const key = this.#keys.get(keyId);
    if (key === undefined) return { ok: false, code: "NOT_FOUND", message: `There is no key ${keyId}.` };
    this.#keys.set(keyId, { ...key, status: "revoked" });
    this.#change(actor, `revoked ${keyId}`);
    return { ok: true, key: this.#keys.get(keyId) };
  }

  async keys() {
    return [...this.#keys.values()];
  }

  async used(uses) {
    this.#used.push(...uses);
  }

  /** What was noted of uses. */
  async usesNoted() {
    return this.#used;
  }

  async putSigningKey({ keyId, algorithm, uses }, actor) {
    const key = { keyId, algorithm, uses, status: "active", createdAt: A_TIME, retiresAt: null };
    this.#signingKeys.set(keyId, key);
    this.#change(actor, `put signing key ${keyId}`);
    return { ok: true, key };
  }

  async rotateSigningKey(keyId, successor, overlapSeconds, actor) {
    const key = this.#signingKeys.get(keyId);
    if (key === undefined) return { ok: false, code: "NOT_FOUND", message: `There is no key ${keyId}.` };
    this.#signingKeys.set(keyId, { ...key, status: "rotated", retiresAt: new Date(Date.parse(A_TIME) + overlapSeconds * 1_000).toISOString() });
    return this.putSigningKey(successor, actor);
  }

  async revokeSigningKey(keyId, actor) {
    const key = { ...this.#signingKeys.get(keyId), status: "revoked" };
    this.#signingKeys.set(keyId, key);
    this.#change(actor, `revoked signing key ${keyId}`);
    return { ok: true, key };
  }

  async signingKeys() {
    return [...this.#signingKeys.values()];
  }

  async putIssuer(issuer, actor) {
    this.#issuers.set(issuer.issuer, issuer);
    this.#change(actor, `put issuer ${issuer.issuer}`);
    return { ok: true };
  }

  async removeIssuer(issuer, actor) {
    this.#issuers.delete(issuer);
    this.#change(actor, `removed issuer ${issuer}`);
    return { ok: true };
  }

  async changes(before, limit) {
    return this.#changes.filter(({ seq }) => before === null || seq < before).slice(0, limit);
  }
}

const HEARTBEAT_MS = 10;
const line = (event) => new TextEncoder().encode(`${JSON.stringify(event)}\n`);

/** Subscribers by organisation. */
const SUBSCRIBERS = new Map();
/** What policy was asked, by organisation; only the governance double is asked. */
const POLICY_ASKED = new Map();
/** How often an organisation's projection was poked; only the double of the bridge is asked. */
const PROJECTION_POKES = new Map();

export default class Neighbour extends WorkerEntrypoint {
  /** The bridge's door answers what it was handed; no other double has one. */
  async fetch(request) {
    if (this.env.NAME !== "linear-bridge") return new Response("No route.", { status: 404 });
    const { method, url, headers } = request;
    return Response.json({ method, url, headers: Object.fromEntries(headers), body: await request.text() }, { status: 202 });
  }

  /** Permits everything, unless a test puts something else into the bucket: `{ deny, reason, approvals, fail }` by organisation. */
  async decide(requests) {
    const [first] = requests;
    const { org } = first.principal;
    POLICY_ASKED.set(org, [...(POLICY_ASKED.get(org) ?? []), requests]);
    const stored = await this.env.BLOBS.get(`test-policy/${org}`);
    const { deny = [], reason = "", approvals = {}, fail = false } = stored === null ? {} : await stored.json();
    if (fail) throw new Error("the engine is down");
    return requests.map(({ action, context }) => ({
      decisionId: sha256(JSON.stringify([org, action, context])),
      allowed: !deny.includes(action),
      policies: [deny.includes(action) ? "test-deny" : "test-permit"],
      policySet: sha256("test"),
      approvals: approvals[context.matter] ?? 1,
      reason: deny.includes(action) ? reason : "",
    }));
  }

  /** What policy was asked of an organisation's callers, a list a call. */
  async policyAsked(org) {
    return POLICY_ASKED.get(org) ?? [];
  }

  async pokeProjection(org) {
    PROJECTION_POKES.set(org, (PROJECTION_POKES.get(org) ?? 0) + 1);
  }

  async projectionPokes(org) {
    return PROJECTION_POKES.get(org) ?? 0;
  }

  /** Only `acme` is shown in Linear, and an issue of it was given up. */
  async projectionHealth(org) {
    if (org !== "acme") return null;
    const outbox = { pending: 2, oldestAt: 1_785_844_800_000, worstAttempts: 20, parked: 1, parkedReason: "Linear refused it." };
    return { ...aHealth(null), nextAlarmAt: 1_785_844_900_000, outbox, lastError: "Linear refused it." };
  }

  async suspensions(org) {
    const stored = await this.env.BLOBS.get(`test-suspensions/${org}`);
    return stored === null ? [] : stored.json();
  }

  /** Subscribers of an organisation, in memory; one at `http:` is refused, as the desk would. */
  async putSubscriber(org, url, actor) {
    if (url.startsWith("http:")) return { ok: false, code: "INVALID_ARGUMENT", message: "This address cannot be told." };
    const known = SUBSCRIBERS.get(org) ?? [];
    const added = !known.some((subscriber) => subscriber.url === url);
    if (added)
      SUBSCRIBERS.set(org, [
        ...known,
        { url, addedAt: "2026-08-04T12:00:00.000Z", addedBy: actor.principalId, pending: 1, lastDeliveredAt: null, lastError: "It answered 500." },
      ]);
    return { ok: true, added };
  }

  async removeSubscriber(org, url) {
    const known = SUBSCRIBERS.get(org) ?? [];
    SUBSCRIBERS.set(
      org,
      known.filter((subscriber) => subscriber.url !== url),
    );
    return { ok: true, removed: known.some((subscriber) => subscriber.url === url) };
  }

  async subscribers(org) {
    return SUBSCRIBERS.get(org) ?? [];
  }

  /** Messages of other kernels; a test puts them into the bucket. */
  async messages(org, before, limit) {
    const stored = await this.env.BLOBS.get(`test-messages/${org}`);
    const all = stored === null ? [] : await stored.json();
    return all.filter(({ seq }) => before === null || seq < before).slice(0, limit);
  }

  async health() {
    return { worker: this.env.NAME, ok: true };
  }

  /** The registry's answers; a test puts an org's assemblies into the bucket. */
  async assemblies(org, limit) {
    const all = await this.#registered(org);
    return { assemblies: all.slice(0, limit), more: all.length > limit };
  }

  async openSessions() {
    return { sessions: [{ org: "acme", sessionId: "SES-swept" }], more: false };
  }

  /** The read model's answers, by which a test knows what was asked. */
  async reproject(org, sessionId) {
    return { ok: true, seq: 7, tipSeq: 7, quarantined: org === "acme" && sessionId.startsWith("SES-") ? 1 : 0 };
  }

  async lag(org, limit) {
    return { sessions: [{ sessionId: `SES-${org}-${limit}`, seq: 0, tipSeq: null, closed: false, quarantined: 0, updatedAt: null }], more: true };
  }

  async lagOf(_org, sessionId) {
    return { sessionId, seq: 5, tipSeq: 7, closed: false, quarantined: 2, updatedAt: 1_785_844_800_000 };
  }

  async operations(org, letters) {
    const letter = {
      queue: "atoms",
      key: "m-1",
      bodyDigest: "d".repeat(64),
      ids: { run: "RUN-1", asked: String(letters) },
      reason: "gone",
      diedAt: 1_785_844_800_000,
    };
    return {
      deadLetters: { count: 2, lastDay: 1, unattributed: 3, byQueue: [{ queue: "atoms", count: 2 }], letters: org === "acme" ? [letter] : [] },
      rescueRates: [
        { windowSeconds: 3_600, claims: 0, rescues: 0 },
        { windowSeconds: 86_400, claims: 8, rescues: 2 },
      ],
      used: { sourceGraph: false, capacity: true },
    };
  }

  async usedObjects() {
    return { slots: [0], sourceGraph: false, capacity: true };
  }

  async hasAssembly(org, assembly) {
    return (await this.#registered(org)).includes(assembly);
  }

  async #registered(org) {
    const stored = await this.env.BLOBS.get(`test-registry/${org}`);
    return stored === null ? [] : await stored.json();
  }
}
