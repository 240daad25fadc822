/**
 * The single state of the page. Changes made together are drawn together, once.
 *
 * @typedef {import("./types.js").State} State
 */

import { viewOf } from "./url_state.js";

/** @returns {State} */
export const blank = () => ({
  phase: "loading",
  refused: null,
  mayStart: null,
  startRefused: false,
  check: null,
  trouble: null,
  status: null,
  catalogue: null,
  answeredAt: 0,
  now: Date.now(),
  rows: [],
  complete: false,
  list: { rows: [], ended: false, sortable: false, problem: "" },
  owners: null,
  keys: null,
  subscriptions: null,
  scans: null,
  changes: null,
  week: null,
  changesRefused: "",
  gaps: [],
  gapsComplete: false,
  view: viewOf(location.hash),
  shown: null,
  notice: "",
  printing: false,
  printedRows: Infinity,
});

export class Store {
  constructor() {
    this.state = blank();
    /** @type {(state: State) => void} Does nothing until something draws. */
    this.draw = () => {};
    this.waiting = false;
  }

  /** @param {(state: State) => void} draw */
  drawWith(draw) {
    this.draw = draw;
    draw(this.state);
  }

  /** @param {Partial<State>} news */
  set(news) {
    this.state = { ...this.state, ...news };
    if (this.waiting) return;
    this.waiting = true;
    queueMicrotask(() => this.flush());
  }

  /** Draw pending changes now, because printing does not wait. */
  flush() {
    if (!this.waiting) return;
    this.waiting = false;
    this.draw(this.state);
  }
}

/** Above this number, accounts are loaded only as people page through them. */
const MOST_LOADED = 5000;

/** @param {State} state */
export const isLarge = ({ status }) => (status?.accounts.total ?? 0) > MOST_LOADED;

/** Return whether the status is still valid: it was fresh when it was sent, and has not expired. @param {State} state */
export const isFresh = ({ status, now }) =>
  status !== null &&
  status.fresh &&
  status.freshUntil !== null &&
  now <= Date.parse(status.freshUntil);

/**
 * Return whether a posture is good; only a valid result may be shown as good.
 *
 * @param {import("./types.js").ShownPosture} posture
 */
export const isGood = (posture) => posture === "compliant" || posture === "compliant_with_exceptions";

/**
 * Return the posture to show; a good one becomes "unknown" if it is outdated, and "nothing" without accounts.
 *
 * @param {State} state
 * @returns {import("./types.js").ShownPosture}
 */
export function shownPosture(state) {
  const posture = state.status?.posture ?? "unknown";
  if (!isGood(posture)) return posture;
  if (!isFresh(state)) return "unknown";
  return state.status?.accounts.total === 0 ? "nothing" : posture;
}

/** Return whether no scan has finished yet. @param {State} state */
export const isBeforeFirstScan = ({ status }) => status !== null && status.asOf === null;
