/**
 * Due dates for fixing violations and broken keys, if the settings define them.
 *
 * @typedef {import("./types.js").Finding} Finding
 */

import { h, item } from "./dom.js";
import { byState } from "./finding_filters.js";
import { ago, day, minute, moment, textOf } from "./format.js";

const STATES = { overdue: { word: "Overdue" }, upcoming: { word: "Not due yet" } };

/** @param {Finding} finding @param {(time: string) => string} text */
const date = ({ dueAt, due }, text) => dueAt && h("span", { class: due === "overdue" && "bad" }, moment(dueAt, text(dueAt)));

/** @type {import("./types.js").Aspect["changes"]} */
const CHANGES = {
  "account.overdue": ({ data: { dueAt } }) => ({ tone: "non_compliant", words: [` was not fixed by ${Number.isNaN(Date.parse(textOf(dueAt))) ? "its due date" : day(textOf(dueAt))}`] }),
};

/** @type {import("./types.js").Aspect} */
export const DUE = {
  name: "due",
  filters: [byState("due", STATES, ({ due }) => due ?? "", { label: "Due date", all: "Any date" })],
  // Without any, the page does not mention them.
  isOn: ({ list, status }) => (status?.accounts.overdue ?? 0) > 0 || list.rows.some(({ finding }) => finding.dueAt !== null),
  column: { after: "since", name: "due", head: "Due by", text: ({ finding }) => finding.dueAt ?? "", cell: ({ finding }) => [date(finding, day)] },
  lineNote: ({ due }) => due === "overdue" && h("small", { class: "bad" }, "overdue"),
  identity: (finding) => finding.dueAt && item("Due by", date(finding, (time) => `${minute(time)}, ${ago(time, Date.now())}`)),
  changes: CHANGES,
};
