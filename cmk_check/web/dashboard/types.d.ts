/** The shapes that the modules of the page share; docs/http-api.md describes the API's answers. */

export type Verdict = "compliant" | "non_compliant" | "unknown";
export type Posture = Verdict | "compliant_with_exceptions";
export type ExceptionChoice = "honoured" | "not_honoured" | "none";
export type Phase = "signed-out" | "loading" | "ready" | "forbidden" | "unreachable" | "error";
export type Column =
  | "name" | "verdict" | "reason" | "key" | "subscription" | "group" | "kind" | "location" | "owner"
  | "since";

export type DataState = "microsoft_keys" | "may_be_microsoft_keys" | "unknown" | "own_keys" | "none";
export type KeyState = "healthy" | "at_risk" | "broken" | "unknown";

export interface Counts { compliant: number; nonCompliant: number; unknown: number }

export interface Accounts extends Counts {
  total: number;
  unread: number;
  excepted: number;
  byKind: Record<string, Counts>;
  ignoredByKind: Record<string, number>;
}

export interface Keys { healthy: number; atRisk: number; broken: number; unknown: number }

export interface DataStoreCounts {
  ownKeys: number; microsoftKeys: number; mayBeMicrosoftKeys: number; unknown: number; none: number;
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
  trigger: string;
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
  keys: Keys | null;
  dataStores: DataStoreCounts | null;
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

/** The most serious reason comes first. */
export interface KeyHealth {
  state: KeyState;
  reasons: KeyReason[];
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

/** The most serious reason comes first. */
export interface DataStores {
  state: DataState;
  reasons: KeyReason[];
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
  history: { at: string; verdict: Verdict; reason: string; keyHealth: string | null; scanId: string }[];
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

export interface Page<T> { value: T[]; nextLink?: string | null; deltaLink?: string | null }

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
  sort: Column;
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
  key: string;
  keyReason: string;
  data: string;
  dataReason: string;
  exception: string;
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
