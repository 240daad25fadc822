/**
 * Loads the status every minute, and everything else after a scan has ended.
 *
 * @typedef {import("./types.js").Change} Change
 */

import { AUTH, OF_LIST, Refusal, ask, detailOf, key, mayStart, pages, shaped, startKey } from "./api.js";
import { catalogueOf } from "./reasons.js";
import { FindingList } from "./finding_list.js";
import { blank, isLarge } from "./page_state.js";

const MOST = 1000;
const EACH = 60_000;
const NEWEST_CHANGES = 20;
const KEPT_CHANGES = 50;
// The fields without which an answer cannot be drawn.
const OF_STATUS = ["posture", "reasons", "accounts", "subscriptions", "gaps"];
const OF_DETAIL = ["verdict", "evidence", "history"];

export class Loader {
  /** @param {import("./page_state.js").Store} store */
  constructor(store) {
    this.store = store;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {string | null} */
    this.etag = null;
    this.mark = "";
    this.delta = "";
    this.askedAt = 0;
    this.clockAhead = 0;
    // A key that is stored when the page loads was accepted before.
    this.isAccepted = true;
    /** @type {Promise<void> | null} */
    this.running = null;
    /** @type {Promise<void>} */
    this.detailed = Promise.resolve();
    this.session = new AbortController();
    this.list = new FindingList(store);
  }

  /** Start again; late answers to requests with another key are dropped. */
  forgetAnswers() {
    this.session.abort();
    clearTimeout(this.timer);
    this.session = new AbortController();
    this.running = null;
    [this.etag, this.mark, this.delta] = [null, "", ""];
    this.list.forget();
  }

  /** The time on the app's clock; this machine's clock may be wrong, and freshness depends on it. */
  now() {
    return Date.now() - this.clockAhead;
  }

  start() {
    setInterval(() => this.store.set({ now: this.now() }), 15_000);
    document.addEventListener("visibilitychange", () => {
      this.store.set({ now: this.now() });
      if (!document.hidden && Date.now() - this.askedAt >= EACH) void this.refresh();
    });
    if (AUTH === "keys" && !key.get()) this.store.set({ phase: "signed-out" });
    else void this.refresh();
  }

  /** @param {string} given @param {string} givenToStart The key that starts scans; "" if there is none. */
  signIn(given, givenToStart) {
    key.set(given);
    this.isAccepted = false;
    if (givenToStart) startKey.set(givenToStart);
    this.forgetAnswers();
    this.store.set({ ...blank(), phase: "loading" });
    void this.refresh();
  }

  /** @param {import("./types.js").Refused | null} refused */
  signOut(refused) {
    key.forget();
    startKey.forget();
    this.forgetAnswers();
    this.store.set({ ...blank(), phase: "signed-out", refused });
  }

  /** Sign out and show why. The host does not report a key's function, so test whether it can start scans. */
  async refuse() {
    const refused = AUTH !== "keys" || key.get() === null ? null : this.isAccepted ? "withdrawn" : "wrong";
    const asked = refused === "wrong" && mayStart(AbortSignal.timeout(EACH), key).catch(() => false);
    this.signOut(refused);
    if (await asked && this.store.state.refused === "wrong") this.store.set({ refused: "start_key" });
  }

  /** Load again, unless loading is already running. */
  refresh() {
    if (this.running) return this.running;
    const round = this.round(this.session.signal).finally(() => {
      if (this.running === round) this.running = null;
    });
    this.running = round;
    return round;
  }

  /** Load everything again, even if nothing seems to have changed. */
  async reload() {
    const { signal } = this.session;
    await this.running;
    if (signal.aborted) return;
    [this.etag, this.mark] = [null, ""];
    await this.refresh();
    await this.detailed;
  }

  /** @param {AbortSignal} signal */
  async round(signal) {
    clearTimeout(this.timer);
    this.askedAt = Date.now();
    void this.rights(signal);
    if (this.store.state.status === null) this.store.set({ phase: "loading", trouble: null });
    try {
      await this.status(signal);
      signal.throwIfAborted();
      this.isAccepted = true;
      this.store.set({ phase: "ready", trouble: null, answeredAt: this.now() });
    } catch (error) {
      if (signal.aborted) return;
      this.fail(error);
    }
    if (this.store.state.phase !== "signed-out") this.wait();
  }

  wait() {
    this.timer = setTimeout(() => {
      if (document.hidden) this.wait();
      else void this.refresh();
    }, EACH);
  }

  /**
   * Drop an answer that could not be drawn, and everything loaded with it: a remaining ETag or a running
   * round would keep the next answer from being drawn.
   *
   * @param {unknown} error
   */
  drop(error) {
    this.forgetAnswers();
    this.store.set({ ...blank(), now: this.now() });
    this.fail(error);
    this.wait();
  }

  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof Refusal)) {
      const title = "An answer was not understood";
      this.store.set({ phase: "error", trouble: { phase: "error", title, text: String(error) } });
      return;
    }
    if (error.phase === "signed-out") {
      void this.refuse();
      return;
    }
    const { phase, title, message } = error;
    this.store.set({ phase, trouble: { phase, title, text: message }, now: this.now() });
  }

  /** @param {AbortSignal} signal */
  async status(signal) {
    const answer = await ask("status", { etag: this.etag, signal });
    if (!Number.isNaN(answer.date)) this.clockAhead = Date.now() - answer.date;
    const status = answer.status === 304 ? this.store.state.status : shaped(answer.body, OF_STATUS);
    this.etag = answer.etag;
    this.store.set({ status, now: this.now() });
    // The watch runs every two minutes, mostly without finding a change.
    const mark = JSON.stringify({ ...status, watch: null });
    if (mark === this.mark && (answer.status === 304 || !(await this.hasNews(signal)))) return;
    // Wait for all of them before failing: a late answer could otherwise replace newer data.
    const ended = await Promise.allSettled([
      this.findings(signal),
      this.reasons(signal),
      this.scans(signal),
      this.changes(signal),
      this.gaps(status, signal),
    ]);
    signal.throwIfAborted();
    const failed = ended.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    this.mark = mark;
    void this.week(signal);
    void this.sums(signal);
    const open = this.store.state.view.finding;
    if (open) this.detailed = this.detail(open);
  }

  /** Check once whether this visitor may start scans. Until that is known, the page offers no scans. @param {AbortSignal} signal */
  async rights(signal) {
    if (this.store.state.mayStart !== null) return;
    const may = await mayStart(signal).catch(() => null);
    if (signal.aborted) return;
    const startRefused = may === false && startKey.get() !== null;
    if (startRefused) startKey.forget();
    this.store.set({ mayStart: may, startRefused });
  }

  /** Load the catalogue once. Without it the page shows codes. Errors are ignored, because the other requests report the same errors. @param {AbortSignal} signal */
  async reasons(signal) {
    if (this.store.state.catalogue !== null) return;
    const body = await ask("reasons", { signal }).then((answer) => answer.body, () => null);
    if (!signal.aborted) this.store.set({ catalogue: catalogueOf(body) });
  }

  /** @param {AbortSignal} signal */
  findings(signal) {
    this.list.forget();
    return this.list.look(signal);
  }

  /** Load the rows that a changed view shows, or all its accounts. @param {boolean} [all] */
  async look(all = false) {
    const { signal } = this.session;
    try {
      if (isLarge(this.store.state)) await this.list.look(signal, all);
    } catch (error) {
      if (signal.aborted) return;
      this.mark = "";
      this.fail(error);
    }
  }

  /** Load the sums of owners and keys in a large estate; they come last, because they take long. @param {AbortSignal} signal */
  async sums(signal) {
    const { status } = this.store.state;
    if (!isLarge(this.store.state)) return;
    await this.summed("owners", signal);
    if ((status?.keys?.broken ?? 0) + (status?.keys?.atRisk ?? 0) > 0) await this.summed("keys", signal);
  }

  /** @param {"owners" | "keys" | "subscriptions"} name @param {AbortSignal} [signal] */
  async summed(name, signal = this.session.signal) {
    /** @type {any[]} */
    const sums = [];
    try {
      for await (const page of pages(`${name}?top=${MOST}`, signal)) sums.push(...page);
      this.store.set({ [name]: sums });
    } catch (error) {
      // Without sums the page names no owners: an estate may have more accounts than can be summed.
      if (!signal.aborted && !(error instanceof Refusal)) throw error;
    }
  }

  /** Load what happened in the last week. Without it, the banner has no line about it. @param {AbortSignal} signal */
  async week(signal) {
    const week = await ask("summary?days=7", { signal }).then(({ body }) => shaped(body, ["since", "text"]), () => null);
    if (!signal.aborted) this.store.set({ week });
  }

  /** Load new changes; return whether there are any. A partial scan may change findings without changing a count. @param {AbortSignal} signal */
  async hasNews(signal) {
    const before = this.store.state.changes?.[0]?.id;
    await this.changes(signal);
    return this.store.state.changes?.[0]?.id !== before;
  }

  /** @param {AbortSignal} signal */
  async scans(signal) {
    const { body } = await ask(`scans?scope=full&top=${MOST}`, { signal });
    this.store.set({ scans: shaped(body, OF_LIST).value });
  }

  /** Load the changes. A feed that a newer version writes affects nothing else on the page. @param {AbortSignal} signal */
  async changes(signal) {
    try {
      await this.newestChanges(signal);
      this.store.set({ changesRefused: "" });
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "NewerVersionNeeded") throw error;
      this.store.set({ changesRefused: error.message });
    }
  }

  /** @param {AbortSignal} signal */
  async newestChanges(signal) {
    if (this.delta) {
      try {
        await this.moreChanges(this.delta, this.store.state.changes ?? [], signal);
        return;
      } catch (error) {
        // 410: the feed has restarted or dropped the next changes. Start again too.
        if (!(error instanceof Refusal) || error.status !== 410) throw error;
      }
    }
    await this.moreChanges(`changes?last=${NEWEST_CHANGES}`, [], signal);
  }

  /** @param {string} link @param {Change[]} known Newest first. @param {AbortSignal} signal */
  async moreChanges(link, known, signal) {
    let [next, changes] = [link, known];
    while (next) {
      const { body } = await ask(next, { signal });
      changes = [...shaped(body, OF_LIST).value.toReversed(), ...changes].slice(0, KEPT_CHANGES);
      next = body.nextLink;
      this.delta = body.deltaLink ?? this.delta;
    }
    this.store.set({ changes });
  }

  /** @param {import("./types.js").Status} status @param {AbortSignal} signal */
  async gaps(status, signal) {
    this.store.set({ gaps: status.gaps, gapsComplete: status.gapsOmitted === 0 });
    if (status.gapsOmitted === 0) return;
    /** @type {import("./types.js").Gap[]} */
    const gaps = [];
    for await (const page of pages(`subscriptions?coverage=gap&top=${MOST}`, signal)) {
      gaps.push(...page.map(gapOf));
    }
    this.store.set({ gaps, gapsComplete: true });
  }

  /** Load the account in the drawer. @param {string} id */
  async detail(id) {
    const { signal } = this.session;
    const before = this.store.state.shown;
    const detail = before?.id === id ? before.detail : null;
    this.store.set({ shown: { id, detail, missing: false, problem: "" } });
    try {
      this.show(id, { detail: shaped((await ask(detailOf(id), { signal })).body, OF_DETAIL) });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refusal)) throw error;
      if (error.phase === "signed-out") this.fail(error);
      // The detail on display is no longer valid either.
      else if (error.status === 404) this.show(id, { detail: null, missing: true });
      else this.show(id, { detail: null, problem: `${error.title}. ${error.message}` });
    }
  }

  /** @param {string} id @param {Partial<import("./types.js").Shown>} found */
  show(id, found) {
    const { shown } = this.store.state;
    if (shown?.id === id) this.store.set({ shown: { ...shown, ...found } });
  }
}

/**
 * @param {import("./types.js").Subscription} row
 * @returns {import("./types.js").Gap}
 */
const gapOf = ({ gap, ...row }) => ({ ...row, reason: "unexpected_response", missingAction: null, detail: null, ...gap });
