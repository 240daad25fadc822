/** How Azure's built-in policy assesses an account by default, and why that may differ from the verdict. */

import { h } from "./dom.js";
import { byValue } from "./finding_filters.js";
import { count, prose } from "./format.js";
import { reader } from "./labels.js";
import { entryOf } from "./reasons.js";

const STATES = { compliant: "Compliant", non_compliant: "Not compliant", not_assessed: "Not assessed" };
const policyWord = reader(STATES);

/** Note how many accounts the policy does not assess, and about how many more it disagrees. Older versions of the app count neither. @type {import("./types.js").Note} */
function note({ azurePolicy }, link) {
  const { notAssessed, differs } = azurePolicy ?? { notAssessed: 0, differs: 0 };
  const others = differs - notAssessed;
  if (differs === 0) return false;
  const words = [
    ...(notAssessed > 0 ? [" leaves out ", link({ azurePolicy: "not_assessed" }, count(notAssessed, "account"))] : []),
    ...(notAssessed > 0 && others > 0 ? [" and"] : []),
    ...(others > 0 ? [` disagrees about ${count(others, notAssessed > 0 ? "more account" : "account")}`] : []),
  ];
  return h("p", { class: "note" }, "By default Azure's built-in policy", ...words, ".");
}

/** @type {import("./types.js").Aspect} */
export const AZURE_POLICY = {
  name: "azurePolicy",
  filters: [
    byValue("azurePolicy", ({ finding }) => finding.azurePolicy?.state ?? "", {
      label: "Azure Policy",
      all: "Any result",
      options: Object.entries(STATES),
    }),
  ],
  note,
  section: ({ azurePolicy }, { catalogue }) => {
    if (!azurePolicy) return [];
    const why = entryOf(catalogue, "azure_policy", azurePolicy.reason)?.message;
    return [h("h3", {}, "Azure's built-in policy"), h("p", {}, h("strong", {}, policyWord(azurePolicy.state)), why && h("small", {}, prose(why)))];
  },
  kindChanged: (before, after) => {
    const [had, has] = [before, after].map(({ azurePolicy }) => azurePolicy === "not_assessed");
    return had === has ? "" : `; Azure's built-in policy ${has ? "no longer assesses it" : "now assesses it"} by default`;
  },
};
