/** Who changed an account last. Azure is queried only on request, because the answer names people. */

import { h, item } from "./dom.js";
import { minute, moment, name, prose } from "./format.js";

/** Not printed, because a printed page is evidence and the last change is not. @param {import("./types.js").State} state @param {() => void} ask @returns {import("./dom.js").Child[]} */
export function lastChange({ shown, printing }, ask) {
  if (printing || !shown?.detail) return [];
  const { message = "", change } = shown.lastChange ?? {};
  return [
    h("h3", {}, "Last change in Azure"),
    h("p", {}, h("button", { type: "button", "data-key": "last-change", click: ask }, "Ask Azure who changed it last")),
    change && h("dl", { class: "evidence" },
      item("Changed by", name(change.changedBy), h("span", {}, " (", name(change.changedByType, "no type"), ")")),
      item("Seen", moment(change.at, minute(change.at))),
      item("Operation", name(change.operation), " (", name(change.clientType), ")"),
      item("Changed", name(change.properties.join(", "))),
      item("Correlation id", h("code", {}, name(change.correlationId))),
    ),
    h("p", { "aria-live": "polite", class: "note" }, message && prose(message)),
  ];
}
