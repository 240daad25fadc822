/** The shapes that the modules of the page share; docs/http-api.md describes the API's answers. */

import { Child } from "./dom.js";

export type Verdict = "compliant" | "non_compliant" | "unknown";
export type Posture = Verdict | "compliant_with_exceptions";
export type Phase = "signed-out" | "loading" | "ready" | "forbidden" | "unreachable" | "error";

export interface Counts { compliant: number; nonCompliant: number; unknown: number }

export interface Accounts extends Counts {
  total: number;
  unread: number;
  excepted: number;
  byKind: Record<string, Counts>;
  ignoredByKind: Record<string, number>;
}

export interface PolicyCounts { notAssessed: number; differs: number }

export interface Subscriptions {
  total: number; read: number; gap: number; excluded: number; retired: number;
}

export interface Gap {
  subscriptionId: string;
  name: string | null;
  reason: string;
  missingAction: string | null;
  detail: string | null;
  since: string | null;
}

export interface LastScan {
  id: string;
  state: string;
  startedAt: string;
  finishedAt: string | null;
  reason: string | null;
}

export interface Scan extends LastScan {
  posture: Posture | null;
  accounts: Accounts | null;
  changes: number | null;
}

export interface Status {
  posture: Posture;
  reasons: { code: string; message: string }[];
  asOf: string | null;
  freshUntil: string | null;
  fresh: boolean;
  accounts: Accounts;
  keys: Record<string, number> | null;
  dataStores: Record<string, number> | null;
  azurePolicy: PolicyCounts | null;
  subscriptions: Subscriptions;
  gaps: Gap[];
  gapsOmitted: number;
  lastScan: LastScan | null;
}

export interface KeyReason {
  code: string;
  severity: string;
  message: string;
  evidence: Record<string, string>;
  missingAction: string | null;
}

export interface KeyHealth extends Side {
  rotation: string | null;
  expires: string | null;
  vaultId: string | null;
  keyId: string | null;
  keyVersion: string | null;
  principalId: string | null;
  scopesAsOf: string | null;
}

export interface DataStore {
  type: string;
  id: string | null;
  name: string;
  state: string;
  key: string | null;
  /** The project is null if the account itself uses the store. */
  uses: { project: string | null; use: string }[];
  detail: string | null;
}

export interface DataStores extends Side {
  stores: DataStore[];
  /** Projects without a store of their own. */
  basicProjects: string[];
  asOf: string | null;
}

/** What the requester of the exemption wrote: displayName, description, ticket, approvedBy. */
export interface AccountException {
  id: string | null;
  category: string | null;
  displayName: string | null;
  description: string | null;
  ticket: string | null;
  approvedBy: string | null;
  createdBy: string | null;
  expiresOn: string | null;
  honoured: boolean;
  reason: string;
  message: string;
  missingAction: string | null;
}

/** Exactly as tagged, and what has the tag. */
export interface Owner { value: string; source: "account" | "subscription" }

export interface Finding {
  id: string;
  name: string;
  resourceGroup: string;
  subscriptionId: string;
  subscriptionName: string | null;
  tenantId: string | null;
  kind: string | null;
  location: string | null;
  tags: Record<string, string>;
  owner: Owner | null;
  verdict: Verdict;
  reason: string;
  message: string;
  evidence: Record<string, string | null>;
  keyHealth: KeyHealth | null;
  dataStores: DataStores | null;
  exception: AccountException | null;
  azurePolicy: { state: string; reason: string } | null;
  firstSeen: string | null;
  changedAt: string | null;
  violatedSince: string | null;
  previousVerdict: Verdict | null;
  coverage: string;
  asOf: string | null;
  portalUrl: string;
}

export interface Remediation {
  summary: string;
  steps: { title: string; why: string; warning: string | null }[];
  az: string;
  bicep: string | null;
}

export interface Detail extends Finding {
  /** With the states of some aspects, by their names. */
  history: { at: string; verdict: Verdict; reason: string; [aspect: string]: string | null }[];
  changes: number;
  remediation: Remediation | null;
  limits: string[];
  controls: { framework: string; control: string; mapping: string }[];
}

export interface SubscriptionRow {
  subscriptionId: string;
  name: string | null;
  coverage: string;
  since: string | null;
  gap: { reason: string; missingAction: string | null; detail: string | null } | null;
}

export interface Change {
  id: string;
  type: string;
  time: string;
  source: string;
  subject: string;
  data: Record<string, any>;
}

export type Area = "verdict" | "gap" | "key" | "data" | "exception" | "posture" | "azure_policy";

export interface CatalogueReason {
  code: string;
  area: string;
  severity: string;
  message: string;
  wayOut: string;
  actor: string;
}

/** By area and code. */
export type Catalogue = ReadonlyMap<string, CatalogueReason>;

/** The view in the fragment of the URL, which a link shares. */
export interface View {
  verdict: string;
  reason: string;
  kind: string;
  location: string;
  subscription: string;
  keyHealth: string;
  azurePolicy: string;
  /** The most serious reason of a key. */
  keyReason: string;
  dataStores: string;
  /** The most serious reason of the data stores. */
  dataReason: string;
  exception: string;
  /** A choice among the accounts by what becomes of their exceptions. */
  accepted: string;
  /** An owner exactly as tagged, "" for accounts without one, null for all. */
  owner: string | null;
  /** Owners that are left out; "" leaves out the accounts without one. */
  notOwner: readonly string[];
  q: string;
  /** The reason of the gaps that are shown. */
  gap: string;
  sort: string;
  order: "asc" | "desc";
  page: number;
  finding: string;
}

/** A finding with the values for filtering and sorting, computed once. */
export interface Row {
  finding: Finding;
  haystack: string;
  location: string;
  kind: string;
  owner: string;
  since: string;
  /** Whether it was so when it was first seen: it may have been so for longer. */
  atFirst: boolean;
}

export interface Trouble { phase: Phase; title: string; text: string }

export interface Shown {
  id: string;
  detail: Detail | null;
  missing: boolean;
  problem: string;
}

/** The latest scan that the visitor asked for; the subject is an account, a subscription or the estate. */
export interface Check { subject: string; text: string; running: boolean }

export interface State {
  phase: Phase;
  refused: boolean;
  /** Whether the visitor may start scans; null if nobody has said so yet. */
  mayStart: boolean | null;
  startRefused: boolean;
  check: Check | null;
  trouble: Trouble | null;
  status: Status | null;
  catalogue: Catalogue | null;
  answeredAt: number;
  now: number;
  rows: Row[];
  loaded: number;
  complete: boolean;
  scans: Scan[] | null;
  changes: Change[] | null;
  gaps: Gap[];
  gapsComplete: boolean;
  view: View;
  shown: Shown | null;
  notice: string;
  printing: boolean;
}

/** The filters whose values are texts, of which "" chooses everything. */
export type TextFilter = { [Name in keyof View]: View[Name] extends string ? (string extends View[Name] ? Name : never) : never }[keyof View];

/** The select of a filter. */
export interface Select {
  label: string;
  /** What it offers first: no choice. */
  all: string;
  /** What a sentence calls it; its name if absent. */
  term?: string;
  /** Values with their texts; if absent, those of the rows. */
  options?: [string, string][];
  value?: (row: Row) => string;
  text?: (row: Row) => string;
  /** Between the values of the view and of the options, where they differ. */
  toOption?: (view: View) => string;
  ofOption?: (option: string) => string | null;
}

/** A filter of the findings, by its name in views. */
export interface Filter {
  name: keyof View;
  /** Its value in a view that it does not filter. */
  none: string | null | readonly string[];
  /** What chooses the same in the API; the API has no such filter if absent. */
  query?: (view: View) => [string, string][];
  select?: Select;
  /** How a sentence says it, without a select. */
  words?: (view: View) => string;
  /** Returns whether a row fits; called only for a view that it filters. */
  test: (view: View) => (row: Row) => boolean;
}

/** A column of the table; `text` sorts it, and rows without a text come last. */
export interface Column {
  name: string;
  head: string;
  text: (row: Row) => string;
  cell: (row: Row, now: number) => Child[];
  /** Whose it is, if any. */
  aspect?: Aspect;
}

export type Tone = Verdict | "excepted";

/** How a state is shown: by its colour, and by a shape for those who see no colours. */
export interface Look { tone: Verdict | "neutral"; shape: Verdict | "warning" }
export type LookName = "good" | "risk" | "bad" | "unknown" | "neutral";

/** When the next steps name something. */
export type Urgency = "broken" | "ending" | "exposed" | "unknown" | "risk" | "last";

export interface Advice { text: string; why: string; view: Partial<View> | null; tone: Tone }

/** A state, and what to do about an account that has it, if anything. */
export interface AspectState { word: string; look: LookName; urgency?: Urgency; todo?: (whose: string) => string }

/** The worst comes first. */
export type AspectStates = Record<string, AspectState>;

/** The state of an account; the most serious reason comes first. */
export interface Side { state: string; reasons: KeyReason[] }

export type Section = (finding: Finding, state: State) => Child[];

/** What gives each account a state, with reasons. The first two filters of its aspect choose by these. */
export interface Judged {
  states: AspectStates;
  applies: (finding: Finding) => boolean;
  sideOf: (finding: Finding) => Side | null;
  /** Of its reasons in the catalogue. */
  area: Area;
  /** How many accounts have each state, null if it is switched off; and the title of these counts. */
  countsOf: (status: Status) => Record<string, number> | null;
  countsTitle: string;
  /** What the next scan will do where there is no answer. */
  nextScan: string;
  /** What the history and a scan of one account call it; absent if they do not. */
  term?: string;
  /** Its section in the drawer: title, a sentence in place of an answer or of reasons, and more. */
  title: string;
  unread: string;
  noReasons: (state: string) => string;
  more: Section;
}

/** What a change says; `lead` stands before the name of an account. */
export interface Sentence { tone: Tone; lead?: string; words: Child[] }

/** A sentence below the counts. */
export type Note = (status: Status, link: (view: Partial<View>, text: string) => Child) => Child;

/** What stands beside a verdict, and all that the page must know of it. */
export interface Aspect {
  /** As in the API. */
  name: string;
  filters: readonly Filter[];
  /** Whether the page mentions it: always if absent, and what is judged if it is counted. */
  isOn?: (state: State) => boolean;
  judged?: Judged;
  /** Reasons of a posture that its next steps cover. */
  covers?: readonly string[];
  /** Its column in the table, after this one. */
  column?: Column & { after: string };
  /** Sorts accounts of one verdict. */
  rank?: (finding: Finding) => string;
  /** Below the verdict in the table. */
  verdictNote?: (finding: Finding) => Child;
  /** In the banner, after the accounts under a customer-managed key. */
  lead?: (status: Status) => string;
  /** Below the counts: first, and after the notes on what was read. */
  firstNote?: Note;
  note?: Note;
  /** In the drawer: with the account's name and place, with the evidence, and on its own. */
  identity?: (finding: Finding) => Child;
  evidence?: (finding: Finding, catalogue: Catalogue | null) => Child;
  section?: Section;
  /** What the drawer says about an account that needs something, and for which there is no plan. */
  withoutPlan?: (finding: Finding) => string | false | null;
  /** The next steps that are not about its states. */
  advice?: Partial<Record<Urgency, (state: State) => Advice[]>>;
  /** By type: what its changes say. */
  changes?: Record<string, (change: Change) => Sentence>;
  /** What an update, a new kind, and the first scan say of it, given both sides or the report. */
  updated?: (before: Change["data"], after: Change["data"]) => string | false;
  kindChanged?: (before: Change["data"], after: Change["data"]) => string;
  firstFound?: (report: Change["data"] | undefined) => string | false;
}
