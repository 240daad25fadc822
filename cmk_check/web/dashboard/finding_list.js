/**
 * The findings that the table shows: all in a small estate; in a large one those of the view, loaded as
 * people page through them. The API filters and sorts them by subscription, resource group and name.
 *
 * @typedef {import("./types.js").View} View
 */

import { Refusal, pages } from "./api.js";
import { blank, isLarge } from "./page_state.js";
import { choose, rowOf } from "./row_selection.js";
import { DEFAULTS, pathOf } from "./url_state.js";

/** The number of rows on a page of the table. */
export const ROWS = 50;
const FEW = { top: "150" };
const MOST = { top: "1000" };
// How long people may pause while they type search words, in ms.
const TYPING = 250;
const WORST_FIRST = ["non_compliant", "unknown", "compliant"];

export class FindingList {
  /** @param {import("./page_state.js").Store} store */
  constructor(store) {
    this.store = store;
    this.turn = new AbortController();
    this.list = blank().list;
    // The links of the lists, and the one link to all of their accounts.
    this.asked = "";
    this.whole = "";
    this.isWhole = false;
    this.isLoading = false;
    /** @type {AsyncGenerator<import("./types.js").Finding[]>} */
    this.pages = chained([], 0, this.turn.signal);
  }

  /** Load again the next time. The old rows are shown until the new ones arrive. */
  forget() {
    this.turn.abort();
    this.asked = "";
    this.whole = "";
    this.isLoading = false;
  }

  /** Load the rows that the view shows and the rows of its next page, or all matching rows. @param {AbortSignal} session @param {boolean} [all] @throws {Refusal} */
  async look(session, all = false) {
    const { state } = this.store;
    const whole = pathOf(isLarge(state) ? state.view : DEFAULTS, MOST);
    const isAll = all || !isLarge(state);
    // Once all accounts are loading or loaded, another order needs no other request.
    const isKept = whole === this.whole && (this.isWhole || this.list.ended);
    if (!isKept) this.begin(isAll ? [whole] : linksOf(state.view), whole, session);
    this.isWhole ||= isAll;
    if (this.list.ended) this.show(this.list.rows, true);
    if (!this.isLoading) await this.load(this.turn.signal);
  }

  /** Load these lists, unless they are loading already. @param {string[]} links @param {string} whole @param {AbortSignal} session */
  begin(links, whole, session) {
    if (links.join() === this.asked) return;
    const { state } = this.store;
    this.forget();
    this.asked = links.join();
    this.whole = whole;
    this.turn = new AbortController();
    this.list = blank().list;
    this.isWhole = false;
    this.pages = chained(links, isLarge(state) && state.view.q !== "" ? TYPING : 0, AbortSignal.any([session, this.turn.signal]));
    // Until new rows arrive, the browser filters the rows that it has.
    if (isLarge(state)) this.store.set({ rows: [], complete: false, list: { ...state.list, ended: false, sortable: false, problem: "" } });
  }

  /** @param {AbortSignal} signal */
  async load(signal) {
    this.isLoading = true;
    try {
      while (!this.list.ended && this.isWanted()) {
        const { value, done = false } = await this.pages.next();
        signal.throwIfAborted();
        this.show(value ? this.list.rows.concat(value.map(rowOf)) : this.list.rows, done);
      }
    } catch (error) {
      if (!signal.aborted) this.refused(error);
    } finally {
      if (!signal.aborted) this.isLoading = false;
    }
  }

  isWanted() {
    const { view } = this.store.state;
    return this.isWhole || choose(this.list, view).length <= (view.page + 1) * ROWS;
  }

  /**
   * Show the rows. Rows on later pages keep their place, even if new ones belong in between.
   *
   * @param {import("./types.js").Row[]} rows
   * @param {boolean} ended
   */
  show(rows, ended) {
    const { state } = this.store;
    const sortable = this.list.sortable || !isLarge(state) || (ended && (this.isWhole || state.view.page === 1));
    this.list = { ...this.list, rows, ended, sortable };
    if (isLarge(state)) this.store.set({ list: this.list });
    // After a scan, the old rows are shown until all new ones have arrived.
    else if (ended || !state.complete) this.store.set({ list: this.list, rows, complete: ended });
  }

  /** Show the error if the app does not know the kind or the subscription. @param {unknown} error */
  refused(error) {
    this.forget();
    if (!(error instanceof Refusal) || ![400, 404].includes(error.status)) throw error;
    this.store.set({ list: { ...blank().list, ended: true, problem: error.message } });
  }
}

/**
 * @param {string[]} links
 * @param {number} pause The pause before the first request, in ms.
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<import("./types.js").Finding[]>} The pages of the lists, one list after the other.
 */
async function* chained(links, pause, signal) {
  if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  signal.throwIfAborted();
  for (const link of links) yield* pages(link, signal);
}

/** Return the API's lists with the accounts of a view: the worst verdict first, if each verdict is requested separately. @param {View} view */
function linksOf(view) {
  const isByVerdict = view.sort === "verdict" && view.verdict === "" && view.reason === "";
  const verdicts = view.order === "asc" ? WORST_FIRST : WORST_FIRST.toReversed();
  return (isByVerdict ? verdicts : [view.verdict]).map((verdict) => pathOf({ ...view, verdict }, FEW));
}
