/** The owner of an account, exactly as tagged; "" means no owner. */

import { item } from "./dom.js";
import { name, visible, within } from "./format.js";

/** @param {import("./types.js").Finding} finding */
export const ownerOf = ({ owner }) => owner?.value ?? "";

/** @type {import("./types.js").Aspect} */
export const OWNER = {
  name: "owner",
  filters: [
    {
      name: "owner",
      none: null,
      // The API has two parameters, for a name and for no owner.
      query: ({ owner }) => (owner === "" ? [["unowned", "true"]] : [["owner", owner ?? ""]]),
      select: {
        label: "Owner",
        all: "All owners",
        value: ({ owner }) => `=${owner}`,
        text: ({ owner }) => (owner === "" ? "Without an owner" : visible(owner)),
        known: ({ owners }) => (owners ?? []).map(({ owner }) => [`=${owner ?? ""}`, owner ? visible(owner) : "Without an owner"]),
        // As an option's value, "" already means all owners.
        toOption: ({ owner }) => (owner === null ? "" : `=${owner}`),
        ofOption: (option) => (option === "" ? null : option.slice(1)),
      },
      test: (view) => (row) => row.owner === view.owner,
    },
    {
      name: "notOwner",
      none: [],
      words: ({ notOwner }) => `Owner: any other than ${notOwner.map((owner) => (owner === "" ? "none" : within(owner))).join(", ")}`,
      test: (view) => (row) => !view.notOwner.includes(row.owner),
    },
  ],
  column: { after: "location", name: "owner", head: "Owner", text: ({ owner }) => owner, cell: ({ owner }) => [name(owner, "no owner")] },
  identity: (finding) => item("Owner", name(ownerOf(finding), "no owner tag"), finding.owner?.source === "subscription" && " (from the subscription)"),
};
