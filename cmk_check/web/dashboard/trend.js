/**
 * The trend: the number of accounts by verdict at each scan. uPlot draws the chart on a canvas; a table
 * gives the same numbers.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Scan} Scan
 * @typedef {import("./types.js").Verdict} Verdict
 */

import { at, fill, h, whenChanged } from "./dom.js";
import { clock, count, day, minute, moment, number } from "./format.js";
import { verdictWord } from "./labels.js";

// Not a literal in import(), so that the type checker does not check the library's code.
const UPLOT = "./vendor/uPlot.esm.js";
const HEIGHT = 120;
const HOUR = 3600;
const DAY = 86_400_000;
// Beyond this ratio the line of compliant accounts would flatten the others, so it starts hidden.
const FLAT = 12;

/** The table of scans: its maximum of rows, and the heads. */
const MOST = 200;
const HEADS = ["Scan started", "Result", "Posture", "Not compliant", "Unknown", "Compliant", "Changes"];

/** @type {[Verdict, "nonCompliant" | "unknown" | "compliant", number[]][]} */
const SERIES = [
  ["non_compliant", "nonCompliant", []],
  ["unknown", "unknown", [6, 4]],
  ["compliant", "compliant", [2, 3]],
];
/** @type {[string, number][]} */
const RANGES = [["7 days", 7], ["30 days", 30], ["1,000 scans", Infinity]];

/** @type {{ chart: import("uplot") | null, days: number, hidden: Set<Verdict> | null, scans: Scan[] }} */
const own = { chart: null, days: 30, hidden: null, scans: [] };
/** @type {Promise<typeof import("uplot") | null> | null} */
let library = null;

/** @param {string} name */
const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

/** @param {Scan[]} scans Newest first, as the API sends them. */
function within(scans) {
  const ended = scans.filter(({ state }) => state !== "running");
  const from = Date.parse(ended[0]?.startedAt ?? "") - own.days * DAY;
  const chosen = own.days === Infinity ? ended : ended.filter((scan) => Date.parse(scan.startedAt) >= from);
  return chosen.toReversed();
}

/** @param {Scan[]} scans */
function dataOf(scans) {
  const times = scans.map(({ startedAt }) => Date.parse(startedAt) / 1000);
  const values = SERIES.map(([, field]) => scans.map(({ accounts }) => accounts?.[field] ?? null));
  return /** @type {import("uplot").AlignedData} */ ([times, ...values]);
}

/** @param {Scan[]} scans */
function hiddenAtFirst(scans) {
  const counts = scans.flatMap(({ accounts }) => (accounts ? [accounts] : []));
  const most = Math.max(0, ...counts.map(({ nonCompliant, unknown }) => Math.max(nonCompliant, unknown)));
  const compliant = Math.max(0, ...counts.map((accounts) => accounts.compliant));
  return new Set(most > 0 && compliant > FLAT * most ? [/** @type {Verdict} */ ("compliant")] : []);
}

/** @returns {import("uplot").Options} */
function options() {
  const text = colour("--muted");
  const grid = { stroke: colour("--line"), width: 1 };
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: text, grid, ticks: { ...grid, size: 4 }, font };
  return {
    width: at("trend-chart").clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    // uPlot shows a date's local fields, so make these the UTC ones.
    tzDate: (seconds) => new Date(seconds * 1000 + new Date(seconds * 1000).getTimezoneOffset() * 60_000),
    scales: { x: { range: (_, first, last) => spread(first, last) }, y: { range: (_, __, most) => [0, Math.max(1, Math.ceil((most ?? 0) * 1.08))] } },
    axes: [
      { ...axis, values: (_, splits, __, ___, step) => splits.map((split) => tick(split, step)), space: 84, size: 30 },
      { ...axis, values: (_, splits) => splits.map((split) => (Number.isInteger(split) ? number(split) : "")), size: 44 },
    ],
    series: [
      {},
      ...SERIES.map(([verdict, , dash]) => ({
        label: verdictWord(verdict),
        show: !own.hidden?.has(verdict),
        stroke: colour(`--${verdict}-line`),
        fill: verdict === "non_compliant" ? colour("--non_compliant-fill") : undefined,
        width: verdict === "non_compliant" ? 2.5 : 2,
        dash,
        points: { size: 5 },
      })),
    ],
    hooks: { setCursor: [(chart) => legend(chart.cursor.idx ?? null)] },
  };
}

/**
 * Show at least an hour, so that scans in quick succession do not get ticks of seconds.
 *
 * @param {number | null} first Seconds.
 * @param {number | null} last
 * @returns {[number, number]}
 */
function spread(first, last) {
  const [from, to] = [first ?? 0, last ?? 0];
  const least = Math.max(0, HOUR - (to - from)) / 2;
  return [from - least, to + least];
}

/** @param {number} seconds @param {number} step The seconds between two ticks. */
function tick(seconds, step) {
  const time = new Date(seconds * 1000);
  if (step >= 86_400) return day(time.toISOString()).replace(/ \d{4}$/, "");
  return clock(time).replace(" UTC", "");
}

/**
 * Draw the legend, with the values of the scan under the pointer.
 *
 * @param {number | null} place
 */
function legend(place) {
  const scan = place === null ? undefined : own.scans[place];
  const keys = SERIES.map(([verdict, field]) => {
    const toggle = () => {
      own.hidden?.[own.hidden.has(verdict) ? "delete" : "add"](verdict);
      void plot();
    };
    const shown = String(!own.hidden?.has(verdict));
    return h(
      "button",
      { type: "button", class: `series ${verdict}`, "aria-pressed": shown, "data-key": verdict, click: toggle },
      h("span", { class: "swatch", "aria-hidden": "true" }),
      `${verdictWord(verdict)} `,
      scan && h("b", {}, scan.accounts ? number(scan.accounts[field]) : "–"),
    );
  });
  fill(at("trend-legend"), ...keys, h("span", { class: "when" }, scan && minute(scan.startedAt)));
}

/** @param {Scan[]} scans Oldest first. */
function table(scans) {
  const left = Math.max(0, scans.length - MOST);
  const rows = scans.slice(-MOST).toReversed().map(({ startedAt, state, posture, accounts, changes }) => {
    const figures = [accounts?.nonCompliant, accounts?.unknown, accounts?.compliant, changes].map((value) => h("td", { class: "figure" }, value === null || value === undefined ? "–" : number(value)));
    return h("tr", {}, h("th", { scope: "row" }, moment(startedAt, minute(startedAt))), h("td", {}, state), h("td", {}, posture ? verdictWord(posture) : "–"), ...figures);
  });
  return h(
    "table",
    { class: "plain" },
    left > 0 && h("caption", {}, `${count(left, "older scan")} not shown`),
    h("thead", {}, h("tr", {}, ...HEADS.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...rows),
  );
}

/** Load the library when there is something to draw. If that fails, the page has the table, and the next draw retries. */
function fetchLibrary() {
  library ??= import(UPLOT).then((module) => module.default, () => (library = null));
  return library;
}

/** Draw a new chart, because a chart cannot change its colours or its range. */
async function plot() {
  const host = at("trend-chart");
  const Chart = host.hidden ? null : await fetchLibrary();
  own.chart?.destroy();
  own.chart = null;
  if (Chart && host.clientWidth > 0) own.chart = new Chart(options(), dataOf(own.scans), host);
  legend(null);
}

/** @param {State} state */
function draw(state) {
  ranges(state);
  const { scans } = state;
  own.scans = within(scans ?? []);
  own.hidden ??= scans === null || scans.length === 0 ? null : hiddenAtFirst(own.scans);
  /** @param {Scan[]} some */
  const isOne = (some) => some.filter(({ accounts }) => accounts !== null).length < 2;
  // One scan is a point, not a trend.
  at("trend").hidden = isOne(scans ?? []);
  at("trend-chart").setAttribute("aria-label", `Accounts by verdict over ${count(own.scans.length, "scan")}. The table has the numbers.`);
  at("trend-chart").hidden = isOne(own.scans);
  at("trend-legend").hidden = isOne(own.scans);
  fill(at("trend-note"), note());
  fill(at("trend-table"), table(own.scans));
  void plot();
}

function note() {
  const failed = own.scans.filter(({ accounts }) => accounts === null);
  const last = failed.at(-1);
  return last && h("span", {}, `${count(failed.length, "scan")} failed and ${failed.length === 1 ? "leaves" : "leave"} a gap in the lines; the last one on `, moment(last.startedAt, minute(last.startedAt)), ".");
}

/** @param {State} state */
function ranges(state) {
  const buttons = RANGES.map(([text, days]) => {
    const choose = () => {
      own.days = days;
      draw(state);
    };
    return h("button", { type: "button", "aria-pressed": String(own.days === days), "data-key": text, click: choose }, text);
  });
  fill(at("trend-ranges"), ...buttons);
}

/** Keep the chart as wide as its container and in the colours of the theme. */
export function watchTrend() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => void plot());
  new ResizeObserver(() => {
    const width = at("trend-chart").clientWidth;
    if (width === 0) return;
    if (own.chart) own.chart.setSize({ width, height: HEIGHT });
    else if (own.scans.length > 0) void plot();
  }).observe(at("trend-chart"));
}

export const drawTrend = whenChanged((state) => [state.scans], draw);
