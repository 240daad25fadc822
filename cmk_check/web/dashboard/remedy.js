/**
 * How to fix an account: the steps of its plan, and the same steps in four ways, as tabs.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").FindingDetail} Detail
 */

import { ASPECTS, isUnread } from "./aspects.js";
import { copyButtons } from "./copy.js";
import { fill, focusKey, h, icon } from "./dom.js";
import { prose, visible } from "./format.js";

/** The ways in their order: the field of the API, the tab, the button that copies, and the title. */
const WAYS = /** @type {const} */ ([
  ["portal", "Portal", "Copy steps", "Steps in the Azure portal, as Markdown"],
  ["az", "Script", "Copy script", "Script for the az command"],
  ["terraform", "Terraform", "Copy Terraform", "Terraform"],
  ["bicep", "Bicep", "Copy Bicep", "Bicep"],
]);

/** The way that was chosen last, also for the next account. @type {(typeof WAYS)[number][0]} */
let chosen = "portal";

/** Show what to do about a compliant account without a plan. @param {Detail} detail @param {State} state */
function withoutPlan(detail, state) {
  const said = ASPECTS.map(({ judged }) => judged?.withoutPlan(detail)).find(Boolean);
  if (said) return said;
  const unread = ASPECTS.filter((aspect) => isUnread(aspect, detail, state)).map(({ judged }) => judged?.nextScan);
  return unread.length > 0
    ? `Whether anything must be fixed is not yet known: the next scan that reads the subscription will ${unread.join(" and ")}.`
    : "Nothing to fix: the account is encrypted with a customer-managed key.";
}

/** Show the plan in one way at a time. @param {NonNullable<Detail["remediation"]>} remediation */
function ways(remediation) {
  const there = WAYS.filter(([way]) => remediation[way] !== null);
  const element = h("div", { class: "script ways" });
  const draw = () => {
    const shown = there.find(([way]) => way === chosen) ?? there[0];
    const tabs = there.map((each) => {
      const isShown = each === shown;
      const press = () => choose(each);
      return h("button", { type: "button", role: "tab", id: `way-${each[0]}`, "aria-selected": String(isShown), "aria-controls": "way", tabindex: isShown ? 0 : -1, "data-key": `way-${each[0]}`, click: press }, each[1]);
    });
    const [way, , label, title] = shown ?? WAYS[0];
    const text = remediation[way] ?? "";
    fill(element,
      h("div", { class: "tabs", role: "tablist", "aria-label": "Ways to fix it", keydown: move }, ...tabs),
      h("div", { role: "tabpanel", id: "way", "aria-labelledby": `way-${way}` },
        copyButtons({ label, text, key: "copy-way", primary: true }),
        h("pre", { tabindex: 0, class: way === "portal" && "prose", "aria-label": title, "data-key": "way-text" }, h("code", {}, text.split("\n").map(visible).join("\n"))),
      ),
    );
  };
  /** @param {(typeof WAYS)[number]} way */
  const choose = (way) => {
    chosen = way[0];
    draw();
    focusKey(element, `way-${chosen}`);
  };
  /** @param {Event} event */
  const move = (event) => {
    const step = event instanceof KeyboardEvent && { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = there.findIndex(([way]) => element.querySelector('[aria-selected="true"]')?.id === `way-${way}`);
    const next = there.at((at + step) % there.length);
    if (next) choose(next);
  };
  draw();
  return element;
}

/** Show how to fix an account. @param {Detail} detail @param {State} state */
export function remedy(detail, state) {
  const { remediation, verdict, message } = detail;
  if (remediation === null) {
    return h("p", { class: "empty" }, verdict === "compliant" ? withoutPlan(detail, state) : prose(message));
  }
  const { summary, warning, steps } = remediation;
  return h("div", {},
    h("p", {}, prose(summary)),
    warning && h("p", { class: "warning" }, icon("warning"), prose(warning)),
    ways(remediation),
    h("ol", { class: "steps" }, ...steps.map(({ title, why, warning: beware }) =>
      h("li", {}, h("strong", {}, prose(title)), h("p", {}, prose(why)), beware && h("p", { class: "warning" }, icon("warning"), prose(beware))),
    )),
  );
}
