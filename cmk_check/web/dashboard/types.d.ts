/** The shapes that the modules of the page share: those of the API's answers, and the page's own. */

import {
  CatalogueReason, ChangeEvent, Finding, FindingDetail, Gap, LastChange, ReasonArea, ReasonOfDataStores, ReasonOfKeyHealth, Scan, Status,
  Verdict,
} from "./api_types.js";
import { Child } from "./dom.js";

export * from "./api_types.js";

export type Phase = "signed-out" | "loading" | "ready" | "forbidden" | "unreachable" | "error";

export type Refused = "no_key" | "wrong" | "start_key" | "withdrawn";

/** What `data` has depends on the type of the change. */
export interface Change extends Omit<ChangeEvent, "data"> { data: Record<string, any> }

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
  due: string;
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

/** The accounts of the table: all, or in a large estate those of the view that are loaded. */
export interface List {
  rows: Row[];
  /** Whether nothing is left to load. */
  ended: boolean;
  /** Whether the page may sort them. It does not while more are to come, which belong in between. */
  sortable: boolean;
  /** Why the app refused the filters. */
  problem: string;
}

export interface OwnerSums { owner: string | null; accounts: Accounts; oldestViolation: string | null }

export interface Trouble { phase: Phase; title: string; text: string }

export interface Shown {
  id: string;
  detail: FindingDetail | null;
  missing: boolean;
  problem: string;
  /** Absent until the visitor has asked. */
  lastChange?: Omit<LastChange, "reason">;
}

/** The latest scan that the visitor asked for; the subject is an account, a subscription or the estate. */
export interface Check { subject: string; text: string; running: boolean }

export interface State {
  phase: Phase;
  /** Why the key was refused. */
  refused: Refused | null;
  /** Whether the visitor may start scans; null if nobody has said so yet. */
  mayStart: boolean | null;
  startRefused: boolean;
  check: Check | null;
  trouble: Trouble | null;
  status: Status | null;
  catalogue: Catalogue | null;
  answeredAt: number;
  now: number;
  /** All accounts, as far as they are loaded; none in a large estate. */
  rows: Row[];
  complete: boolean;
  list: List;
  /** The sums of each owner, in a large estate. */
  owners: OwnerSums[] | null;
  scans: Scan[] | null;
  changes: Change[] | null;
  gaps: Gap[];
  gapsComplete: boolean;
  view: View;
  shown: Shown | null;
  notice: string;
  printing: boolean;
  /** How many rows of the table are printed at most. */
  printedRows: number;
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
  /** In a large estate also these, which are known without the rows. */
  known?: (state: State) => [string, string][];
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

/** What somebody must do: who, by an actor of the catalogue; the accounts, if it is about accounts; whether they have plans. */
export interface Advice { actor: string; text: string; why: string; view: Partial<View> | null; tone: Tone; since: string; rows: Row[]; hasPlan: boolean }

/** The same of accounts that are not yet divided by their owners; `end` follows what is to be done. */
export interface Task {
  actor: string; why: string; view: Partial<View>; tone: Tone; rows: Row[]; todo: (whose: string) => string; hasPlan?: boolean; end?: string;
}

/** A state, and what to do about an account that has it, if anything. */
export interface AspectState { word: string; look: LookName; urgency?: Urgency; todo?: (whose: string) => string }

/** The worst comes first. */
export type AspectStates = Record<string, AspectState>;

export type AnyReason = ReasonOfKeyHealth | ReasonOfDataStores;

/** The state of an account; the most serious reason comes first. */
export interface Side { state: string; reasons: AnyReason[] }

export type Section = (finding: Finding, state: State) => Child[];

/** What gives each account a state, with reasons. The first two filters of its aspect choose by these. */
export interface Judged {
  states: AspectStates;
  applies: (finding: Finding) => boolean;
  sideOf: (finding: Finding) => Side | null;
  /** Of its reasons in the catalogue. */
  area: ReasonArea;
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
  /** Beside the reason in the table. */
  lineNote?: (finding: Finding) => Child;
  /** In the banner: what is said of so many accounts in its first state, for which its first reason of a posture stands. */
  lead?: (value: number) => string;
  /** Below the counts: first, and after the notes on what was read. */
  firstNote?: Note;
  note?: Note;
  /** In the drawer: with the dates and the place of the account, and on its own. */
  identity?: (finding: Finding) => Child;
  section?: Section;
  /** What the drawer says about an account that needs something, and for which there is no plan. */
  withoutPlan?: (finding: Finding) => string | false | null;
  /** The next steps that are not about its states. */
  advice?: Partial<Record<Urgency, (state: State) => Task[]>>;
  /** By type: what its changes say. */
  changes?: Record<string, (change: Change) => Sentence>;
  /** What an update, a new kind, and the first scan say of it, given both sides or the report. */
  updated?: (before: Change["data"], after: Change["data"]) => string | false;
  kindChanged?: (before: Change["data"], after: Change["data"]) => string;
  firstFound?: (report: Change["data"] | undefined) => string | false;
}
