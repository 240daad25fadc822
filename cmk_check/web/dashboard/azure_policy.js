/** What Azure's built-in policy says of an account by default, and why that may differ: people see both. */

import { h, item } from "./dom.js";
import { byValue } from "./finding_filters.js";
import { count, visible } from "./format.js";
import { reader } from "./labels.js";
import { entryOf } from "./reasons.js";

const policyWord = reader({
  compliant: "Compliant",
  non_compliant: "Not compliant",
  not_assessed: "Not assessed",
});

/**
 * Say how many accounts the policy leaves out, and of how many others it says something else. Older
 * versions of the app count neither.
 *
 * @type {import("./types.js").Note}
 */
function note({ azurePolicy }, link) {
  const { notAssessed, differs } = azurePolicy ?? { notAssessed: 0, differs: 0 };
  const others = differs - notAssessed;
  if (differs === 0) return false;
  const words = [
    ...(notAssessed > 0 ? [" leaves out ", link({ azurePolicy: "not_assessed" }, count(notAssessed, "account"))] : []),
    ...(notAssessed > 0 && others > 0 ? [" and"] : []),
    ...(others > 0 ? [` says something else of ${count(others, notAssessed > 0 ? "other account" : "account")}`] : []),
  ];
  return h("p", { class: "note" }, "By default Azure's built-in policy", ...words, ".");
}

/** @type {import("./types.js").Aspect} */
export const AZURE_POLICY = {
  name: "azurePolicy",
  filters: [
    byValue("azurePolicy", ({ finding }) => finding.azurePolicy?.state ?? "", {
      label: "Azure Policy",
      all: "All answers",
      term: "Azure's built-in policy",
      text: ({ finding }) => policyWord(finding.azurePolicy?.state ?? ""),
    }),
  ],
  note,
  evidence: ({ azurePolicy }, catalogue) => {
    if (!azurePolicy) return null;
    const why = entryOf(catalogue, "azure_policy", azurePolicy.reason)?.message;
    return item("Azure's built-in policy", policyWord(azurePolicy.state), why && h("small", {}, visible(why)));
  },
  kindChanged: (before, after) => {
    const [had, has] = [before, after].map(({ azurePolicy }) => azurePolicy === "not_assessed");
    return had === has ? "" : `; Azure's built-in policy ${has ? "no longer assesses it" : "assesses it now"} by default`;
  },
};
