/**
 * The sign-in, error messages, and the corner with the age of the data.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./load.js").Loader} Loader
 */

import { AUTH, key } from "./api.js";
import { at, fill, focusKey, h, icon, whenChanged } from "./dom.js";
import { ago, minute, moment } from "./format.js";
import { keepFragment } from "./url_state.js";

const HOME = "/api/dashboard";
/** @type {Record<import("./types.js").Refused, string>} */
const REFUSALS = {
  no_key: "This is not a key: it contains invalid characters. Copy the key again.",
  wrong: "The key was not accepted. Check that it is a read key, which is a key of the function api, and enter it again.",
  start_key: "This is a start key, which cannot show the status. Enter it in the second field, and a read key in the first.",
  withdrawn: "The key is no longer accepted: it was renewed or deleted. Ask the app's operators for the new one.",
};

/** @param {Loader} loader */
function keyForm(loader) {
  const of = { type: "password", autocomplete: "off", spellcheck: "false" };
  const input = h("input", { ...of, id: "key", required: true });
  const toStart = h("input", { ...of, id: "start-key" });
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    const [entered, enteredToStart] = [input.value.trim(), toStart.value.trim()];
    // A header allows only these characters, so other text is not a key.
    if (/^[\x21-\x7e]+$/.test(entered) && /^[\x21-\x7e]*$/.test(enteredToStart)) loader.signIn(entered, enteredToStart);
    else if (entered !== "") loader.signOut("no_key");
  };
  return h("form", { "aria-label": "Sign in", submit },
    h("label", { for: "key" }, "Read key"),
    input,
    h("label", { for: "start-key" }, "Start key (optional)"),
    toStart,
    h("button", { type: "submit", class: "primary" }, "Show status"),
    h("p", { class: "note" }, "A read key is a key of the function ", h("code", {}, "api"), ". The app's operators find it in the Azure portal, in the function app under Functions, ", h("code", {}, "api"), ", Function keys."),
    h("p", { class: "note" }, "With a start key, a key of the function ", h("code", {}, "scan_now"), ", you can also check an account again as soon as it is fixed."),
    h("p", { class: "note" }, "Keys stay in this tab and are forgotten when you close the tab."),
  );
}

function entraLink() {
  const target = `/.auth/login/aad?post_login_redirect_uri=${HOME}`;
  return h("a", { class: "primary button", href: target, click: keepFragment }, "Sign in with Microsoft");
}

/** Return the function that draws the sign-in. @param {Loader} loader @returns {(state: State) => void} */
export const signInDrawer = (loader) =>
  whenChanged(
    ({ phase, refused }) => [phase === "signed-out", refused],
    ({ phase, refused }) => {
      const place = at("sign-in");
      place.hidden = phase !== "signed-out";
      if (place.hidden) {
        const isSignedIn = place.contains(document.activeElement);
        fill(place);
        if (isSignedIn) focusKey(at("posture-body"), "posture");
        return;
      }
      fill(
        place,
        h("section", { class: "panel card", "aria-labelledby": "sign-in-title" },
          h("h1", { id: "sign-in-title" }, "Is every account encrypted with a customer-managed key?"),
          h("p", {}, "This page shows the latest result, what is wrong and how to fix it."),
          refused && h("p", { class: "alert", role: "alert" }, icon("non_compliant"), h("span", {}, REFUSALS[refused])),
          AUTH === "keys" ? keyForm(loader) : entraLink(),
        ),
      );
      document.getElementById("key")?.focus();
    },
  );

/** Show that the page works, but the second key does not. */
export const drawStartRefused = whenChanged(
  /** @param {State} state */
  ({ startRefused }) => [startRefused],
  ({ startRefused }) => {
    const text = "The start key was not accepted. Check that it is a key of the function scan_now. To enter it again, press Sign out.";
    const place = at("start-refused");
    place.hidden = !startRefused;
    fill(place, startRefused && icon("warning"), startRefused && h("div", {}, text));
  },
);

/** Return the function that draws the error message and how old the rest of the page is. @param {Loader} loader @returns {(state: State) => void} */
export const troubleDrawer = (loader) =>
  whenChanged(
    ({ trouble, status }) => [trouble, status === null],
    ({ trouble, status, answeredAt }) => {
      const place = at("trouble");
      place.hidden = !trouble;
      if (!trouble) {
        fill(place);
        return;
      }
      // Without a status, the message is the only thing on the page.
      const whole = status === null;
      place.classList.toggle("whole", whole);
      const time = new Date(answeredAt).toISOString();
      const old = status && answeredAt > 0 && h("p", {}, "The page shows the data of ", moment(time, minute(time)), ". It may have changed since then.");
      fill(
        place,
        icon("warning"),
        h("div", {}, h(whole ? "h1" : "strong", {}, trouble.title), h("p", {}, trouble.text), old),
        h("button", { type: "button", "data-key": "again", click: () => void loader.refresh() }, "Try again"),
      );
    },
  );

/** Return the function that draws the corner of the page: the age of its data, and the sign-out. @param {Loader} loader @returns {(state: State) => void} */
export const sessionDrawer = (loader) =>
  whenChanged(
    ({ phase, answeredAt, now }) => [phase, answeredAt, Math.floor(now / 60_000)],
    ({ phase, answeredAt, now }) => {
      if (phase === "signed-out") {
        fill(at("session"));
        return;
      }
      const time = answeredAt ? new Date(answeredAt).toISOString() : null;
      const out = AUTH === "keys"
        ? key.get() && h("button", { type: "button", "data-key": "out", click: () => loader.signOut(null) }, "Sign out")
        : h("a", { href: `/.auth/logout?post_logout_redirect_uri=${HOME}` }, "Sign out");
      fill(at("session"), time && h("span", { class: "asked" }, "Updated ", moment(time, ago(time, now))), out);
    },
  );
