/** The types that the page's modules share: the API's models and the page's own types. */

import {
  AspectFilters, CatalogueReason, ChangeEvent, Finding, FindingDetail, Gap, KeyInUse, OwnerSums, Period, PostureVerdict,
  ReasonArea, ReasonOfKeyHealth, Scan, Status, Subscription, Verdict,
} from "./api_types.js";
import { Child } from "./dom.js";

export * from "./api_types.js";

export type Phase = "signed-out" | "loading" | "ready" | "forbidden" | "unreachable" | "error";

export type Refused = "no_key" | "wrong" | "start_key" | "withdrawn";

/** The content of `data` depends on the type of the change. */
export interface Change extends Omit<ChangeEvent, "data"> { data: Record<string, any> }

/** The reasons by area and code. */
export type Catalogue = ReadonlyMap<string, CatalogueReason>;

/** The view in the URL fragment, which links share. */
export interface View extends Record<keyof AspectFilters, string> {
  verdict: string;
  reason: string;
  kind: string;
  location: string;
  subscription: string;
  /** The most serious reason of a key. */
  keyReason: string;
  /** The address of a key, without a version. */
  key: string;
  /** A filter by the future of an account's exception. */
  accepted: string;
  /** An owner exactly as tagged, "" for accounts without one, null for all. */
  owner: string | null;
  /** Owners to leave out; "" leaves out accounts without an owner. */
  notOwner: readonly string[];
  q: string;
  /** The reason of the gaps to show. */
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
  /** Whether the account was already non-compliant when first seen: the violation may be older. */
  atFirst: boolean;
}

/** The accounts of the table: all, or in a large estate the loaded accounts of the view. */
export interface List {
  rows: Row[];
  /** Whether nothing is left to load. */
  ended: boolean;
  /** Whether the page may sort the rows; false while more rows may belong in between. */
  sortable: boolean;
  /** Why the app refused the filters. */
  problem: string;
}

export interface Trouble { phase: Phase; title: string; text: string }

export interface Shown {
  id: string;
  detail: FindingDetail | null;
  missing: boolean;
  problem: string;
}

/** The latest scan that the visitor started; the subject is an account, a subscription or the estate. A quiet text is not announced. */
export interface Check { subject: string; text: string; running: boolean; quiet: boolean }

export type Say = (text: string, running?: boolean, quiet?: boolean) => void;

export interface State {
  phase: Phase;
  /** Why the key was refused. */
  refused: Refused | null;
  /** Whether the visitor may start scans; null until that is known. */
  mayStart: boolean | null;
  startRefused: boolean;
  check: Check | null;
  trouble: Trouble | null;
  status: Status | null;
  catalogue: Catalogue | null;
  answeredAt: number;
  now: number;
  /** The accounts that are loaded so far; none in a large estate. */
  rows: Row[];
  complete: boolean;
  list: List;
  /** The sums of each owner, in a large estate. */
  owners: OwnerSums[] | null;
  /** The keys in use, in a large estate where a key is broken or at risk. */
  keys: KeyInUse[] | null;
  /** All subscriptions, in a large estate once the filters were shown. */
  subscriptions: Subscription[] | null;
  scans: Scan[] | null;
  changes: Change[] | null;
  /** What happened in the last week; null if that is not known. */
  week: Period | null;
  /** Why the feed cannot be read; empty if it can. */
  changesRefused: string;
  gaps: Gap[];
  gapsComplete: boolean;
  view: View;
  shown: Shown | null;
  notice: string;
  printing: boolean;
  /** The maximum number of table rows to print. */
  printedRows: number;
}

/** The filters whose values are texts; "" means no filter. */
export type TextFilter = { [Name in keyof View]: View[Name] extends string ? (string extends View[Name] ? Name : never) : never }[keyof View];

/** The select of a filter. */
export interface Select {
  label: string;
  /** The label of the first option, which chooses all. */
  all: string;
  /** The filter's name in sentences; its label if absent. */
  term?: string;
  /** Values with their texts; if absent, they come from the rows. */
  options?: [string, string][];
  value?: (row: Row) => string;
  text?: (row: Row) => string;
  /** Further values in a large estate, known without the rows. */
  known?: (state: State) => [string, string][];
  /** Convert between the values of the view and the options, if they differ. */
  toOption?: (view: View) => string;
  ofOption?: (option: string) => string | null;
}

/** A filter of the findings, by its name in views. */
export interface Filter {
  name: keyof View;
  /** The value of the inactive filter. */
  none: string | null | readonly string[];
  /** The equivalent query of the API; absent if the API has no such filter. */
  query?: (view: View) => [string, string][];
  select?: Select;
  /** The words for the active filter, if it has no select. */
  words?: (view: View) => string;
  /** Return whether a row matches; called only if the filter is active. */
  test: (view: View) => (row: Row) => boolean;
}

/** A column of the table; it sorts by `text`, and rows without a text come last. */
export interface Column {
  name: string;
  head: string;
  text: (row: Row) => string;
  cell: (row: Row, now: number) => Child[];
  /** The aspect of the column, if any. */
  aspect?: Aspect;
}

/** The posture as the page shows it. */
export type ShownPosture = PostureVerdict | "nothing";

export type Tone = Verdict | "excepted" | "nothing";

/** How a state is shown: its colour, and its shape for people who cannot see colours. */
export interface Look { tone: Verdict; shape: Verdict | "warning" }
export type LookName = "good" | "risk" | "bad" | "unknown";

/** The urgency of a next step. */
export type Urgency = "broken" | "ending" | "unknown" | "risk" | "last";

/** A next step: who acts, as an actor of the catalogue; its accounts as far as they are loaded, and their number; and whether the accounts have plans. */
export interface Advice { actor: string; text: string; why: string; view: Partial<View> | null; tone: Tone; since: string; rows: Row[]; value: number; overdue: number; hasPlan: boolean }

/** A next step for accounts that are not yet grouped by owner; `end` follows the text of `todo`. */
export interface Task {
  actor: string; why: string; view: Partial<View>; tone: Tone; rows: Row[]; todo: (whose: string) => string; hasPlan?: boolean; end?: string;
}

/** A state, and what to do about an account in this state, if anything. */
export interface AspectState { word: string; look: LookName; urgency?: Urgency; todo?: (whose: string) => string }

/** The states, worst first. */
export type AspectStates<Name extends string = string> = Record<Name, AspectState>;

/** The state of an account; the most serious reason comes first. */
export interface Side<Name extends string = string> { state: Name; reasons: ReasonOfKeyHealth[] }

export type Section = (finding: Finding, state: State) => Child[];

/** Gives each account a state with reasons, by which the first two filters of the aspect filter. */
export interface Judged {
  states: AspectStates;
  applies: (finding: Finding) => boolean;
  sideOf: (finding: Finding) => Side | null;
  /** The area of the reasons in the catalogue. */
  area: ReasonArea;
  /** The number of accounts in each state, null if the aspect is off; and the title of these counts. */
  countsOf: (status: Status) => Record<string, number> | null;
  countsTitle: string;
  /** What causes a state for most accounts, in a large estate. */
  causes?: (state: State, field: string) => { who: string; what: string; value: number; view: Partial<View> }[];
  /** What the next scan will do if the aspect has not been read. */
  nextScan: string;
  /** The aspect's name in the history and in a scan's result; absent if they do not mention it. */
  term?: string;
  /** The section in the drawer: title, the sentences for an unread aspect and for no reasons, and more. */
  title: string;
  unread: string;
  noReasons: string;
  more: Section;
  /** The drawer's text for an account that needs a fix but has no plan. */
  withoutPlan: (finding: Finding) => string | false | null;
}

/** The sentence for a change; `lead` comes before the name of an account. */
export interface Sentence { tone: Tone; lead?: string; words: Child[] }

/** A sentence below the counts. */
export type Note = (status: Status, link: (view: Partial<View>, text: string) => Child) => Child;

/** How the table shows an aspect: in a column of its own, which follows another, or beside the reason. */
type InTable = { column: Column & { after: string } } | { column?: undefined; lineNote: (finding: Finding) => Child };

/** An aspect, which accompanies the verdict, and everything that the page must know about it. */
export type Aspect = InTable & {
  /** The aspect's name in the API. */
  name: string;
  filters: readonly Filter[];
  /** Whether the page mentions the aspect. If absent: always, but a judged aspect only if it has counts. */
  isOn?: (state: State) => boolean;
  judged?: Judged;
  /** The posture reasons that the aspect's next steps cover. */
  covers?: readonly string[];
  /** Sorts accounts of one verdict. */
  rank?: (finding: Finding) => string;
  /** The note beside the reason in the table. */
  lineNote?: (finding: Finding) => Child;
  /** The banner's words for a number of accounts in the first state, which replace the first posture reason in `covers`. */
  lead?: (value: number) => string;
  /** The note below the counts. */
  note?: Note;
  /** The drawer's content: an item beside the account's dates and place, and a separate section. */
  identity?: (finding: Finding) => Child;
  section?: Section;
  /** The next steps that are not about the aspect's states. */
  advice?: Partial<Record<Urgency, (state: State) => Task[]>>;
  /** The sentences for the aspect's changes, by type. */
  changes?: Record<string, (change: Change) => Sentence>;
  /** The aspect's part of the sentences for an update and for the first scan. */
  updated?: (before: Change["data"], after: Change["data"]) => string | false;
  firstFound?: (report: Change["data"] | undefined) => string | false;
}
