/** The trend as a table: the same numbers as the chart, the newest scan first. */

import { h } from "./dom.js";
import { count, minute, moment, number } from "./format.js";
import { verdictWord } from "./labels.js";

const MOST = 200;
const HEADS = ["Scan started", "Result", "Posture", "Not compliant", "Unknown", "Compliant", "Changes"];

/** @param {number | null | undefined} value */
const cell = (value) => h("td", { class: "figure" }, value === null || value === undefined ? "–" : number(value));

/** @param {import("./types.js").Scan} scan */
function row({ startedAt, state, posture, accounts, changes }) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, moment(startedAt, minute(startedAt))),
    h("td", {}, state),
    h("td", {}, posture ? verdictWord(posture) : "–"),
    cell(accounts?.nonCompliant),
    cell(accounts?.unknown),
    cell(accounts?.compliant),
    cell(changes),
  );
}

/** @param {import("./types.js").Scan[]} scans Oldest first. */
export function trendTable(scans) {
  const newest = scans.slice(-MOST).toReversed();
  const left = scans.length - newest.length;
  return h(
    "table",
    { class: "plain" },
    left > 0 && h("caption", {}, `${count(left, "older scan")} not shown`),
    h("thead", {}, h("tr", {}, ...HEADS.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...newest.map(row)),
  );
}
