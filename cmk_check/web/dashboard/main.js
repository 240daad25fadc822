/**
 * The page: one state, and one way to draw it. `load.js` loads the data; the URL fragment sets the view.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").View} View
 */

import { drawAccounts } from "./accounts.js";
import { drawAdvice } from "./next_steps.js";
import { Refusal } from "./api.js";
import { Checker } from "./check.js";
import { drawGapNotice, estateCheckDrawer, findingCheckDrawer } from "./check_buttons.js";
import { drawChanges, drawWeek } from "./changes.js";
import { copy } from "./copy.js";
import { at } from "./dom.js";
import { downloadCsv, downloadXlsx, needsRows } from "./downloads.js";
import { drawDrawer, watchDrawer } from "./drawer.js";
import { drawFilters, watchFilters } from "./filters.js";
import { number } from "./format.js";
import { gapsDrawer } from "./gaps.js";
import { drawPosture } from "./posture.js";
import { drawStartRefused, sessionDrawer, signInDrawer, troubleDrawer } from "./signin.js";
import { isBeforeFirstScan, isFresh, isLarge, shownPosture } from "./page_state.js";
import { choose } from "./row_selection.js";
import { loader, store } from "./start.js";
import { tableDrawer } from "./table.js";
import { drawTrend, watchTrend } from "./trend.js";
import { fragmentOf, viewOf } from "./url_state.js";
import { verdictWord } from "./labels.js";

/** More accounts than this, which fill about twenty sheets, are printed only if the visitor confirms. */
const MOST_PRINTED = 500;
const checker = new Checker(store, loader);
const DRAWERS = [
  signInDrawer(loader),
  troubleDrawer(loader),
  sessionDrawer(loader),
  drawStartRefused,
  drawPosture,
  estateCheckDrawer(checker),
  drawAccounts,
  drawAdvice,
  drawTrend,
  drawChanges,
  drawWeek,
  gapsDrawer(checker),
  drawGapNotice,
  drawFilters,
  tableDrawer(go, () => void loader.look(true)),
  drawDrawer,
  findingCheckDrawer(checker),
];

/** @param {State} state */
function draw(state) {
  try {
    drawAll(state);
  } catch (error) {
    // The page still shows an older answer, which must not be mistaken for the current one.
    at("board").hidden = true;
    Object.assign(document.body.dataset, { posture: "unknown", fresh: "false", state: "error" });
    document.title = "CMK check";
    if (state.status) loader.drop(error);
  }
}

/** @param {State} state */
function drawAll(state) {
  const { body } = document;
  const posture = shownPosture(state);
  body.dataset.posture = posture;
  body.dataset.fresh = String(isFresh(state));
  body.dataset.scanned = String(!isBeforeFirstScan(state));
  at("board").hidden = state.phase === "signed-out" || (state.status === null && state.phase !== "loading");
  for (const drawPart of DRAWERS) drawPart(state);
  document.title = state.status ? `${verdictWord(posture)} · CMK check` : "CMK check";
  body.dataset.state = state.phase;
}

/**
 * Change the view and the URL.
 *
 * @param {Partial<View>} news
 * @param {boolean} [replace] Whether the Back button skips the current view.
 */
function go(news, replace = false) {
  const view = { ...store.state.view, ...news };
  const fragment = fragmentOf(view);
  const url = fragment === "#" ? location.pathname + location.search : fragment;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  look(view);
}

/** @param {View} view */
function look(view) {
  const { finding } = store.state.view;
  store.set({ view, notice: "" });
  void loader.look();
  if (view.finding === "") store.set({ shown: null });
  else if (view.finding !== finding && store.state.status) void loader.detail(view.finding);
}

function close() {
  go({ finding: "" });
}

/** @param {HTMLElement} clicked @param {string} name @param {typeof downloadCsv | typeof downloadXlsx} download */
async function save(clicked, name, download) {
  const button = /** @type {HTMLButtonElement} */ (clicked);
  button.disabled = true;
  store.set({ notice: `Fetching the ${name}…` });
  try {
    if (download === downloadCsv && needsRows(store.state.view)) await loader.look(true);
    await download(store.state, (parts) => store.set({ notice: `Fetching the ${name}: part ${parts}…` }));
    store.set({ notice: `The ${name} is in your downloads.` });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.phase === "signed-out") loader.fail(error);
    else store.set({ notice: `The ${name} could not be fetched. ${error.title}: ${error.message}` });
  } finally {
    button.disabled = false;
  }
}

async function copyLink() {
  const done = await copy(location.href);
  store.set({ notice: done ? "Copied" : "The browser did not allow copying. Copy the link from the address bar." });
}

/** @param {boolean} printing */
function print(printing) {
  const { list, view, printing: isPrinting } = store.state;
  if (printing && isPrinting) return;
  const many = printing && view.finding === "" ? choose(list, view).length : 0;
  const all = many <= MOST_PRINTED || confirm(`Print all ${number(many)} accounts? Otherwise only the first ${MOST_PRINTED} are printed.`);
  const notice = all ? "" : `Only the first ${MOST_PRINTED} of ${number(many)} accounts are printed.`;
  store.set({ printing, printedRows: all ? Infinity : MOST_PRINTED, notice });
  store.flush();
}

function listen() {
  addEventListener("popstate", () => look(viewOf(location.hash)));
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  matchMedia("print").addEventListener("change", ({ matches }) => print(matches));
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const href = link?.getAttribute("href");
    if (!link || !href?.startsWith("#") || link.closest("#findings, #gaps")) return;
    const section = document.getElementById(href.slice(1));
    // A link to a part of the page leaves the view as it is.
    if (section) event.preventDefault();
    const { finding, gap } = viewOf(href);
    if (finding !== "") return;
    const goal = section ?? at(gap === "" ? "findings" : "gaps");
    goal.scrollIntoView({ block: "start" });
    goal.focus({ preventScroll: true });
  });
  at("csv").addEventListener("click", () => void save(at("csv"), "CSV", downloadCsv));
  at("xlsx").addEventListener("click", () => void save(at("xlsx"), "workbook", downloadXlsx));
  at("copy-link").addEventListener("click", () => void copyLink());
  watchFilters(go, () => isLarge(store.state) && void loader.summed("subscriptions"));
  watchDrawer(close);
  watchTrend();
}

listen();
store.drawWith(draw);
