/**
 * The buttons that start a scan. The result appears beside the button, and is announced.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./check.js").Checker} Checker
 */

import { ESTATE, subscriptionOf } from "./check.js";
import { at, fill, h, whenChanged } from "./dom.js";
import { within } from "./format.js";

/**
 * Return the text beside the button of a subject. Only one scan runs at a time.
 *
 * @param {State} state
 * @param {string} subject
 */
function textOf({ check }, subject) {
  if (check?.subject === subject) return check.text;
  return check?.running ? "Another check is running." : "";
}

/**
 * Make a button that starts a check. It keeps the focus while the check runs, so it is never disabled.
 *
 * @param {State} state
 * @param {string} label
 * @param {() => void} press
 */
const button = ({ check }, label, press) =>
  h("button", { type: "button", "data-key": "check", "aria-disabled": check?.running && "true", click: press }, label);

/**
 * Show the button of a gap, and the result beside it. `drawGapNotice` announces the result.
 *
 * @param {State} state
 * @param {import("./types.js").Gap} gap
 * @param {Checker} checker
 */
export function gapCheck(state, { subscriptionId, name }, checker) {
  if (!state.mayStart && state.check?.subject !== subscriptionId) return null;
  const again = button(state, "Check again", () => void checker.check(subscriptionId, [subscriptionId]));
  again.dataset.key = `check ${subscriptionId}`;
  again.setAttribute("aria-label", `Check again: ${within(name ?? subscriptionId)}`);
  const text = state.check?.subject === subscriptionId ? state.check.text : "";
  return h("div", { class: "check" }, state.mayStart && again, h("small", {}, text));
}

/** Draw the notice about gaps; it shows only results that no row of the table shows. */
export const drawGapNotice = whenChanged(
  /** @param {State} state */
  ({ check, gaps }) => [check, gaps],
  ({ check, gaps, rows }) => {
    const place = at("gaps-notice");
    const subject = check?.subject ?? "";
    const isOfGap = subject !== ESTATE && !subject.startsWith("/");
    const gap = gaps.find(({ subscriptionId }) => subscriptionId === subject);
    const known = gap?.name ?? rows.find(({ finding }) => finding.subscriptionId === subject)?.finding.subscriptionName;
    place.classList.toggle("unseen", gap !== undefined);
    place.ariaLive = check?.quiet ? "off" : "polite";
    fill(place, isOfGap && check && `${within(known ?? subject)}: ${check.text}`);
  },
);

/**
 * Return the function that draws the button and its text in one place. The text is the same element
 * throughout, so that screen readers announce its changes.
 *
 * @param {string} id
 * @param {(state: State) => { subject: string, label: string, offered: boolean }} choose
 * @param {(state: State, subject: string) => void} press
 * @returns {(state: State) => void}
 */
function barDrawer(id, choose, press) {
  const place = at(id);
  const [action, text] = [h("span"), h("p", { role: "status", tabindex: -1 })];
  place.append(action, text);
  return whenChanged(
    (state) => [state.check, state.mayStart, ...Object.values(choose(state))],
    (state) => {
      const { subject, label, offered } = choose(state);
      const said = textOf(state, subject);
      place.hidden = !(offered && state.mayStart) && state.check?.subject !== subject;
      const shown = offered && state.mayStart === true;
      const lost = !shown && action.contains(document.activeElement);
      fill(action, shown && button(state, label, () => press(state, subject)));
      text.ariaLive = state.check?.quiet ? "off" : "polite";
      if (text.textContent !== said) fill(text, said);
      // If the button disappears, the focus must not be lost.
      if (lost) text.focus();
    },
  );
}

/** @param {Checker} checker */
export const findingCheckDrawer = (checker) =>
  barDrawer(
    "drawer-check",
    ({ view }) => ({ subject: view.finding, label: "Check again", offered: view.finding !== "" }),
    (_, subject) => void checker.check(subject, [subscriptionOf(subject)]),
  );

/** @param {Checker} checker */
export const estateCheckDrawer = (checker) =>
  barDrawer(
    "estate-check",
    ({ status }) => ({ subject: ESTATE, label: status?.asOf === null ? "Start the first scan" : "Scan now", offered: status !== null }),
    () => void checker.check(ESTATE, []),
  );
