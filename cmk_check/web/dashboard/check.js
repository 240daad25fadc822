/**
 * Scans that a visitor starts: of the subscription of a finding or of a gap, or of the whole estate.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./load.js").Loader} Loader
 * @typedef {import("./page_state.js").Store} Store
 */

import { ASPECTS } from "./aspects.js";
import { stateOf } from "./aspect_states.js";
import { AUTH, Refusal, ask, shaped, startKey, startScan } from "./api.js";
import { clock, count, visible } from "./format.js";
import { codeWord, midway, verdictWord } from "./labels.js";
import { shownPosture } from "./page_state.js";

/** The subject of a check of the whole estate; other subjects are ids of accounts or subscriptions. */
export const ESTATE = "estate";
// The pauses between polls for the end of the scan, in ms: growing, and not for ever.
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 5000;
const LONGEST_WAIT = 120_000;
const LONGEST_WAIT_FOR_ALL = 900_000;
// How often the page shows how long it has waited; screen readers also announce it.
const SAID_EACH = 30;
const FULL_SCAN_FIRST = "A scan of all subscriptions must finish first. Its button is at the top of the page.";
/** @type {Record<string, string>} Why a scan has no result, by state. */
const ENDED_OTHERWISE = {
  superseded: "A scan of all subscriptions replaced this one. The page shows the result when that scan ends.",
  abandoned: "Another scan replaced this one, because this one did not end in time.",
};

export class Checker {
  /**
   * @param {Store} store
   * @param {Loader} loader
   */
  constructor(store, loader) {
    this.store = store;
    this.loader = loader;
  }

  /**
   * Start a scan, wait for its end, and show what it found.
   *
   * @param {string} subject
   * @param {readonly string[]} subscriptions Empty for the whole estate.
   */
  async check(subject, subscriptions) {
    const { check, mayStart } = this.store.state;
    if (check?.running || !mayStart) return;
    const { signal } = this.loader.session;
    const before = findingOf(this.store.state, subject);
    /** @type {import("./types.js").Say} */
    const say = (text, running = false, quiet = false) => {
      if (!signal.aborted) this.store.set({ check: { subject, text, running, quiet } });
    };
    say("Starting a scan…", true);
    let known = "";
    try {
      const answer = await startScan(subscriptions, signal);
      if (!("scan" in answer)) {
        await this.countDown(say, this.refused(answer), answer.seconds);
        return;
      }
      known = "A scan has started, but its progress could not be read. ";
      const scan = await ended(answer.scan, signal, subject === ESTATE, (time) => say(`${this.reading(subject)}${time}`, true));
      await this.loader.reload();
      say(this.outcome(scan, subject, before));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.phase === "signed-out") this.loader.fail(error);
      else say(known + (error instanceof Refusal ? `${error.title}. ${error.message}` : String(error)));
    }
  }

  /**
   * Say why no scan was started, and when another try makes sense. Screen readers announce the first of
   * the numbers; any other message ends them.
   *
   * @param {import("./types.js").Say} say
   * @param {string} text
   * @param {number} seconds
   */
  async countDown(say, text, seconds) {
    const end = performance.now() + seconds * 1000;
    for (let left = seconds; left > 0; left = Math.ceil((end - performance.now()) / 1000)) {
      say(`${text} Try again in ${count(left, "second")}.`, false, left < seconds);
      const { check } = this.store.state;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      if (this.store.state.check !== check) return;
    }
    say(seconds > 0 ? "" : text);
  }

  /** @param {string} subject */
  reading(subject) {
    const total = this.store.state.status?.subscriptions.total ?? 0;
    return subject === ESTATE && total > 0 ? `Reading ${count(total, "subscription")}…` : "Reading Azure…";
  }

  /**
   * Return why no scan was started.
   *
   * @param {import("./api.js").NotStarted} answer
   */
  refused({ status, code, message }) {
    if (status === 401 || status === 403) {
      // Under Entra ID, the sign-in has expired for the whole page.
      if (AUTH === "entra" && status === 401) throw new Refusal("signed-out", "", "", status);
      startKey.forget();
      this.store.set({ mayStart: false });
      return AUTH === "keys"
        ? "No scan was started: your start key is no longer accepted."
        : "No scan was started: you may no longer start scans.";
    }
    if (code === "NoScanYet" || code === "ScopeChanged") {
      void this.loader.reload();
      return FULL_SCAN_FIRST;
    }
    if (code === "ScanRunning") return "Another scan is running.";
    if (code === "TooManyRequests") return "The last scan has only just started.";
    return visible(message);
  }

  /**
   * Return what a scan found, as a sentence.
   *
   * @param {{ state: string, reason: string | null } | null} scan
   * @param {string} subject
   * @param {Finding | undefined} before
   */
  outcome(scan, subject, before) {
    const { state } = this.store;
    if (scan === null) return "The scan is taking longer than usual. The page shows the result when the scan ends.";
    if (scan.state === "failed") return `The scan failed. ${visible(scan.reason ?? "")}`;
    if (Object.hasOwn(ENDED_OTHERWISE, scan.state)) return ENDED_OTHERWISE[scan.state];
    if (state.phase !== "ready") return "The scan has ended, but its result could not be loaded.";
    const what = subject === ESTATE ? midway(verdictWord(shownPosture(state))) : found(state, subject, before);
    return `Checked at ${clock(state.now)}: ${what}.`;
  }
}

/**
 * Wait a limited time for the end of a scan.
 *
 * @param {string} scan The scan's address.
 * @param {AbortSignal} signal
 * @param {boolean} isForAll Whether it reads the whole estate.
 * @param {(time: string) => void} say Called with the time waited, if that is long.
 * @returns {Promise<{ state: string, reason: string | null } | null>} Null if it takes longer.
 */
async function ended(scan, signal, isForAll, say) {
  const start = performance.now();
  const most = isForAll ? LONGEST_WAIT_FOR_ALL : LONGEST_WAIT;
  for (let pause = FIRST_PAUSE; performance.now() - start < most; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    const seconds = Math.floor((performance.now() - start) / 1000 / SAID_EACH) * SAID_EACH;
    say(seconds > 0 ? ` ${seconds} s` : "");
    await new Promise((resolve) => setTimeout(resolve, pause));
    signal.throwIfAborted();
    const body = shaped((await ask(scan, { signal })).body, ["state", "finishedAt"]);
    if (body.finishedAt !== null) return body;
  }
  return null;
}

/**
 * @param {State} state
 * @param {string} id In lower case.
 */
const findingOf = ({ rows, shown }, id) => (shown?.id === id && shown.detail) || rows.find(({ finding }) => finding.id.toLowerCase() === id)?.finding;

/** @param {string} subject */
export const subscriptionOf = (subject) => (subject.startsWith("/") ? subject.split("/")[2] : subject);

/**
 * Return what was found about an account or a subscription; a gap has no news about its accounts.
 *
 * @param {State} state
 * @param {string} subject
 * @param {Finding | undefined} before
 */
function found(state, subject, before) {
  const gap = state.gaps.find(({ subscriptionId }) => subscriptionId === subscriptionOf(subject));
  const isAccount = subject.startsWith("/");
  if (gap) return `${isAccount ? "the subscription could not be read" : "still could not be read"} (${midway(codeWord(gap.reason))})`;
  if (!isAccount) return "the subscription was read";
  const now = findingOf(state, subject);
  if (!now) return "the account is no longer recorded";
  const beside = ASPECTS.map(({ judged }) => {
    const side = judged?.term && judged.sideOf(now);
    return side ? `, ${judged.term} ${stillOrNow((code) => stateOf(judged.states, code).word, before && judged.sideOf(before)?.state, side.state)}` : "";
  });
  return `${stillOrNow(verdictWord, before?.verdict, now.verdict)}${beside.join("")}`;
}

/**
 * @param {(code: string) => string} wordOf
 * @param {string | undefined} before
 * @param {string} now
 */
const stillOrNow = (wordOf, before, now) => `${before === now ? "still" : "now"} ${midway(wordOf(now))}`;
