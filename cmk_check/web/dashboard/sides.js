/**
 * The aspects of one account, in the drawer: states with their reasons.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Finding} Finding
 */

import { ASPECTS, isOn } from "./aspects.js";
import { LOOKS, badge, stateOf } from "./aspect_states.js";
import { h, icon, item } from "./dom.js";
import { identifier, prose } from "./format.js";
import { codeWord, midway } from "./labels.js";
import { ownerOf } from "./owner.js";
import { actorOf, entryOf } from "./reasons.js";

/** @type {Record<string, import("./types.js").LookName>} The looks of severities; any other looks like unknown. */
const SEVERITIES = { broken: "bad", at_risk: "risk" };

/** @param {{ severity: string }} reason */
const isOnlyInformation = ({ severity }) => severity === "notice";

/**
 * Show a reason: how serious it is, what to do, who acts, and its evidence.
 *
 * @param {import("./types.js").ReasonOfKeyHealth} reason
 * @param {import("./types.js").ReasonArea} area
 * @param {Finding} finding
 * @param {State} state
 */
function reasonItem({ code, severity, message, evidence: known, missingAction }, area, finding, { catalogue }) {
  const { tone, shape } = LOOKS[Object.hasOwn(SEVERITIES, severity) ? SEVERITIES[severity] : "unknown"];
  const items = Object.entries(known).map(([field, value]) => item(codeWord(field), identifier(value)));
  if (missingAction) items.push(item("Missing permission", identifier(missingAction)));
  return h("li", { class: isOnlyInformation({ severity }) ? "notice" : tone },
    icon(shape),
    h("div", {},
      h("p", {}, h("strong", {}, codeWord(code)), ` (${codeWord(severity).toLowerCase()})`),
      h("p", {}, prose(message), " ", actorOf(entryOf(catalogue, area, code), ownerOf(finding))),
      items.length > 0 && h("dl", { class: "evidence" }, ...items),
    ),
  );
}

/** Show the state of an aspect with its reasons. @param {import("./types.js").Aspect} aspect @param {Finding} finding @param {State} state */
export function judgedSection(aspect, finding, state) {
  const { judged } = aspect;
  if (!judged?.applies(finding) || !isOn(aspect, state)) return [];
  const title = h("h3", {}, judged.title);
  const side = judged.sideOf(finding);
  if (!side) return [title, h("p", { class: "empty" }, judged.unread)];
  const { word, look } = stateOf(judged.states, side.state);
  const reasons = side.reasons.filter((reason) => !isOnlyInformation(reason)).map((reason) => reasonItem(reason, judged.area, finding, state));
  return [
    title,
    h("div", { class: `verdict-box ${LOOKS[look].tone}` },
      h("p", { class: "verdict-line" }, badge(look, word)),
      reasons.length > 0 ? h("ul", { class: "key-reasons" }, ...reasons) : h("p", {}, judged.noReasons),
    ),
    ...judged.more(finding, state),
  ];
}

/** List the bad states below the verdict, so that a green verdict does not hide them. @param {Finding} finding @param {State} state */
export const badStates = (finding, state) =>
  ASPECTS.flatMap((aspect) => {
    const side = isOn(aspect, state) && aspect.judged?.applies(finding) ? aspect.judged.sideOf(finding) : null;
    const { look, word } = stateOf(aspect.judged?.states ?? {}, side?.state ?? "");
    return side && look !== "good" ? [h("p", {}, badge(look, `${aspect.judged?.title}: ${midway(word)}`))] : [];
  });

/** Show the reasons that are only information and change no state. @param {Finding} finding @param {State} state */
export function information(finding, state) {
  const items = ASPECTS.flatMap((aspect) => {
    const { applies, sideOf, area } = (isOn(aspect, state) && aspect.judged) || {};
    const reasons = (applies?.(finding) && sideOf?.(finding)?.reasons) || [];
    return reasons.filter(isOnlyInformation).map((reason) => reasonItem(reason, area ?? "verdict", finding, state));
  });
  return items.length > 0 ? [h("h3", {}, "For information"), h("ul", { class: "key-reasons" }, ...items)] : [];
}
