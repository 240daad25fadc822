"""Every number that bounds what the program does, each with its reason.

A name ends with its unit, unless it is a timedelta or counts what it names. A number with which
an operator reasons has a docstring: ``make docs`` writes it into docs/reference/limits.md.
"""

from datetime import timedelta
from typing import Final

# --- Scan

SLICE_CLAIM: Final = timedelta(minutes=10)
"""How long a worker may keep a slice; then another one may claim it. A message comes back at most 3
times, 5 minutes apart each (host.json): a claim has to end before the last of them."""
SLICE_READING: Final = timedelta(minutes=8)
"""Reading within a slice; what is not read by then is a gap. Two minutes are left for recording."""
DAILY_READING: Final = timedelta(days=1)
"""How often encryption scopes and projects are read: they hardly ever change, and are requests for
each account."""
KEY_READING_SHARE: Final = 5 / 8
"""The part of `SLICE_READING` in which keys are read: slow vaults must leave time for the verdicts
of the last accounts."""
DATA_READING_SHARE: Final = 4 / 8
"""The part of `SLICE_READING` in which data stores are read, before keys."""
SCAN_LEASE: Final = timedelta(minutes=30)
"""The lease of a scan, renewed when less than half is left: a scan whose workers all died gives way
within this time."""
SCAN_DEADLINE: Final = timedelta(minutes=55)
"""A scan; its lease is not renewed past this. By default one starts every hour, and one that takes
longer would meet the next."""
SCAN_SPACING: Final = timedelta(minutes=1)
"""From the last start to a full scan that is requested: every scan asks Azure for everything."""
PARTIAL_SCAN_SPACING: Final = timedelta(seconds=10)
"""The same before a partial scan, which asks for little: a person who has just fixed an account
wants to see it."""
MAX_SUBSCRIPTIONS_NAMED: Final = 1_000
"""Subscriptions of a partial scan."""
OVERDUE_SHARE: Final = 1 / 4
"""Of `CMK_MAX_AGE_MINUTES`, `SCAN_DEADLINE` at most: how long before a result is stale the second
clock starts a scan. With the defaults, an hourly timer always comes first."""
OVERDUE_AGAIN: Final = timedelta(minutes=5)
"""When the message that starts an overdue scan comes again where a scan runs."""
ATTEMPTS_PER_STEP: Final = 3
"""Tries of a step that loses a race; then the queue repeats the rest."""
MAX_SLICES: Final = 10_000
"""Slices of a scan; a plan with more fails. The row of a slice is named by four digits."""
CLOCK_TOLERANCE: Final = timedelta(minutes=2)
"""How far clocks may differ. Those of Azure's hosts differ by seconds."""

CROSS_CHECK_AGE: Final = timedelta(hours=1)
"""The age of an account that is missed in a list: lists and Resource Graph may both be late with a
younger one."""
CROSS_CHECKED_PER_SLICE: Final = 50
"""Accounts of a slice that are read by id because Resource Graph knows them. If more are missing,
Resource Graph is far behind, and the lists are not at fault."""
WATCH_OVERLAP: Final = timedelta(minutes=15)
"""How late the watch still notices a change. Microsoft's documents say five minutes; rows come
later than that."""
WATCH_BLIND_REPEATED: Final = timedelta(hours=1)
"""How often a watch that stays blind says so."""

# --- Scan: internal
# Python looks for garbage after 2,000 new objects, which are the rows of forty accounts here: an
# eighth of a scan's processor time, to find hardly any.
GARBAGE_OBJECTS: Final = 20_000
# A slice waits for this answer once, and goes on without it.
CROSS_CHECK_SECONDS: Final = 20
# Each of GRAPH_ROWS_PER_PAGE, for the subscriptions of a slice.
MAX_KNOWN_ACCOUNT_PAGES: Final = 10
# Each costs a query of the findings that the table service filters; the oldest change goes first.
WATCH_VAULTS_PER_LOOK: Final = 10
# With their ids they stay below a fifth of what a row holds.
WATCH_VAULTS_REMEMBERED: Final = 500
# The next look is two minutes away.
WATCH_QUERY_SECONDS: Final = 60

# As host.json has it; what is delivered so often goes to the poison queue when it fails again.
MAX_DELIVERIES: Final = 4
# The claim of a slice that waited so long for another one of its process is renewed.
CLAIM_RENEWED_AFTER: Final = timedelta(minutes=1)
# Those that lost their lease, each with its change: a transaction takes MAX_TRANSACTION_WRITES.
SCANS_ABANDONED_AT_ONCE: Final = 40
# Of an error of ours in a gap: it may quote what Azure sent.
MAX_GAP_DETAIL_CHARS: Final = 300

# --- Settings (least and most): internal, since docs/settings.md has them

EXCEPTION_DAYS_RANGE: Final = (1, 3650)
DEFAULT_EXCEPTION_DAYS: Final = 365
# A row's last time and a year more are still a date.
FIX_WITHIN_DAYS_RANGE: Final = (1, 365)
EXPECTED_SUBSCRIPTIONS_RANGE: Final = (1, 1_000_000)
MAX_AGE_MINUTES_RANGE: Final = (1, 525_600)
IN_FLIGHT_RANGE: Final = (1, 100)
DEFAULT_IN_FLIGHT: Final = 32
SLICE_SIZE_RANGE: Final = (1, 500)
DEFAULT_SLICE_SIZE: Final = 400
# Characters by which a misspelt name may differ from that of a setting.
MAX_MISSPELT_CHARS: Final = 2
# All subscriptions of a slice share SLICE_READING.
SUBSCRIPTION_SECONDS_RANGE: Final = (1, 240)
DEFAULT_SUBSCRIPTION_SECONDS: Final = 120
RETRY_AFTER_SECONDS_RANGE: Final = (0, 240)
RETENTION_DAYS_RANGE: Final = (1, 3650)
# This many tags with values of the longest length still fit into one property of a row.
MAX_TAGS: Final = 20
MAX_WEBHOOK_URL_CHARS: Final = 2048
# Each range of the feed becomes as many messages.
MAX_ROUTES: Final = 20
# One in use, and one while it is replaced.
MAX_WEBHOOK_SECRETS: Final = 2
# By the Standard Webhooks specification, section "Signature scheme": 24 to 64.
WEBHOOK_SECRET_BYTES: Final = range(24, 65)

# --- Reading Azure

ARM_CONNECT_SECONDS: Final = 10
"""Connecting to Azure Resource Manager; a request that takes longer is tried again."""
ARM_READ_SECONDS: Final = 60
"""Waiting for its answer."""
ARM_ATTEMPTS: Final = 5
"""Tries of a request to it."""
ARM_FIRST_BACK_OFF_SECONDS: Final = 0.5
"""The pause before the second try, where Azure names none; it doubles."""
MAX_ARM_PAGES: Final = 1_000
"""Pages of a list. A page holds tens to a thousand entries: no real list is so long."""
MAX_ARM_BODY_MIB: Final = 64
"""One answer of Azure, unpacked: a thousand accounts of 41 KB, the largest kind, are below it. Less
than a megabyte on the wire can unpack to a thousand times as much."""

# --- Reading Azure: internal
# A request under way must not outlive its token.
TOKEN_MARGIN_SECONDS: Final = 60
# A token that does not say when to renew it is renewed as early as the SDK would.
TOKEN_RENEWAL_SECONDS: Final = 300
# In bytes, so that seven strings of evidence stay below 8 KB whatever alphabet they are in.
MAX_EVIDENCE_BYTES: Final = 1024
MAX_TAG_BYTES: Final = 256
MAX_INPUT_BYTES: Final = 64 * 1024 * 1024
"""A file for the command line; reading one takes up to twenty times its size in memory."""
MAX_EXPRESSION_CHARS: Final = 24_576  # as Azure Resource Manager allows
MAX_WORD_BYTES: Final = 128  # of kinds, locations and the like
MAX_SUBSCRIPTION_TEXT_BYTES: Final = 256
# The most that Resource Graph returns at once.
GRAPH_ROWS_PER_PAGE: Final = 1_000
# What ARM allows.
MAX_RESOURCE_GROUP_CHARS: Final = 90
MAX_ACCOUNT_NAME_CHARS: Final = 64
# An id must fit into a table key (MAX_KEY_UNITS) with its prefix.
MAX_ID_KEY_CHARS: Final = 500

# --- Keys

KEY_EXPIRY_NOTICE: Final = timedelta(days=30)
"""How long before it expires a key is at risk: time to replace it."""
SHORT_KEY_NOTICE_SHARE: Final = 1 / 4
"""The same for a key that lives for a shorter time, as a part of its life: otherwise it would be at
risk all its life. Of 28 days, the shortest that policies have, it is the 7 that they leave from
rotation to expiry."""
KEY_ROTATION_GRACE: Final = timedelta(days=1)
"""How long a new version may be missing after the key's policy should have made it: Key Vault
promises no hour."""
KEY_REQUESTS_SHARE: Final = 3 / 4
"""The part of `CMK_MAX_IN_FLIGHT` that requests for keys may take, so that slow vaults do not delay
the lists of accounts."""

# --- Keys: internal
# Of one query of Resource Graph: as many as it returns rows at once.
VAULTS_PER_QUERY: Final = 1_000
# A name is a vault's own in all of Azure; more rows than names are only ever a few late ones.
MAX_VAULT_PAGES: Final = 10
# Accounts come by subscription: a few clients are enough, and none is kept for long.
SCOPE_CLIENTS_KEPT: Final = 16
# Thousands of accounts have roles with the same few patterns, each compared with three actions.
PATTERNS_REMEMBERED: Final = 1_024
# What Key Vault allows at least: the time from one version to the next, or from the next to the
# expiry of the one before, and the life of a version. Less is no policy as documented.
LEAST_ROTATION_TIME: Final = timedelta(days=7)
LEAST_KEY_LIFETIME: Final = timedelta(days=28)
# No key has as many bits, and a number in JSON can have endless digits.
MAX_KEY_SIZE_BITS: Final = 1_000_000
# Of a part that cannot be read, in the message of a key concern.
MAX_KEY_SENTENCE_BYTES: Final = 400
# Of the encryption scopes that are not under the customer's key, in its evidence.
MAX_SCOPES_NAMED: Final = 20
MAX_SCOPE_NAME_CHARS: Final = 40
# Tries of a plan's script to switch encryption on: Azure does not say when a new grant counts.
SWITCH_ON_ATTEMPTS: Final = 20
SWITCH_ON_PAUSE_SECONDS: Final = 30

# Characters of an account's name in the file name of its plan.
MAX_PLAN_NAME_CHARS: Final = 40

# --- Data stores

MAX_STORES_PER_ACCOUNT: Final = 50
"""Stores of an account that are read, each in every scan: more than projects that share theirs ever
need."""

# --- Data stores: internal
# A row must hold them: each names a project and what that keeps in a store.
MAX_STORE_USES: Final = 1_000
# Three requests each, once a day; Azure allows fewer.
MAX_PROJECTS_PER_ACCOUNT: Final = 300
# Of stores and projects, in the evidence of a reason.
MAX_STORES_NAMED: Final = 20

# --- Findings, status and changes

MAX_TRANSITIONS: Final = 20
"""Transitions kept with a finding, which must fit into a row."""
MAX_GAPS_LISTED: Final = 50
"""Gaps named in a status, which must fit into a row."""
MAX_UNWRITTEN_NAMED: Final = MAX_SUBSCRIPTIONS_NAMED
"""Gaps named in a status that are in no row, by their ids alone: one partial scan can read them all
again."""
MAX_BROKEN_KEYS_LISTED: Final = 50
"""Accounts with a broken key that the report of the first scan names; its counts include all."""

# --- Findings, status and changes: internal
# A kind is any text that Azure sends, and a row must hold the counts of all.
MAX_KINDS_COUNTED: Final = 50
MAX_KIND_CHARS: Final = 128
# As hashes in the row of a subscription and in the status, a third of what a property holds.
MAX_OWNERS_COUNTED: Final = 1_000
# A change's number has twelve digits in the key of its outbox row; the rest is room to go on.
MAX_SEQUENCE: Final = 9 * 10**11
# Where the last number is lost, counting goes on from this many for each second since 1970: no
# subscription changes so often, so it is above every number before, also above one made this way.
SEQUENCES_PER_SECOND: Final = 100
# One change as JSON must fit into a table property (32,768 characters) and a queue message (48 KB).
MAX_CHANGE_TEXT_CHARS: Final = 512
MAX_CHANGE_MESSAGE_CHARS: Final = 1024
MAX_CHANGE_REASONS: Final = 10
# Of each key in the report of the first scan: MAX_BROKEN_KEYS_LISTED of them fit into a property.
MAX_BROKEN_KEY_REASONS: Final = 3
# Of honoured exceptions a sum keeps so many times of expiry, so that it fits into its row.
MAX_EXPIRIES_COUNTED: Final = 50
EXPIRY_REMINDERS_DAYS: Final = (14, 3)  # time to act, and the last call
# More than Azure allows.
MAX_RESOURCE_ID_CHARS: Final = 2_048

# --- Store

STORAGE_DEADLINE_SECONDS: Final = 30
"""A request to tables or queues, repetitions and pauses included. It also bounds a Retry-After,
which the client honours at any length."""
TABLE_PAGE_ROWS: Final = 1000
"""Rows that a query of a table returns at once: the most that the service returns."""

# --- Store: internal
# Of one attempt; a read is repeated, a write is not unless it certainly did not run.
STORAGE_CONNECT_SECONDS: Final = 10
STORAGE_READ_SECONDS: Final = 10
STORAGE_RETRIES: Final = 2
TABLE_BACK_OFF_SECONDS: Final = 0.4
# Before such a write is sent again.
TABLE_WRITE_PAUSES_SECONDS: Final = (0.3, 1.0)
# What the queue service hides a message for, at most:
# https://learn.microsoft.com/rest/api/storageservices/put-message
LONGEST_MESSAGE_DELAY: Final = timedelta(days=7)
# A plan sends a message for each slice.
QUEUE_SENDS_AT_ONCE: Final = 8
# What the table service takes: learn.microsoft.com/rest/api/storageservices, "Understanding the
# Table service data model" and "Performing entity group transactions". Units are those of UTF-16.
MAX_KEY_UNITS: Final = 512
MAX_TRANSACTION_WRITES: Final = 100
MAX_TRANSACTION_BYTES: Final = 4 * 1024 * 1024 - 4096  # 4 MiB without the envelope of the batch
MAX_ENTITY_BYTES: Final = 1024 * 1024
MAX_PROPERTIES: Final = 252
MAX_PROPERTY_NAME_CHARS: Final = 255
MAX_STRING_UNITS: Final = 32_768
MAX_NAME_SHOWN_CHARS: Final = 80
# The coverage row and its change go with every transaction of findings: two properties of
# MAX_STRING_UNITS at most, six bytes each in JSON.
RESERVED_WRITES: Final = 2
RESERVED_WRITE_BYTES: Final = 512 * 1024
# Characters outside the Basic Multilingual Plane count twice in MAX_STRING_UNITS.
DOCUMENT_PIECE_CHARS: Final = 16_000
# Partitions are told apart from foreign ones once, and foreign ones logged once.
PARTITIONS_REMEMBERED: Final = 1024

# --- Feed and retention

CHANGES_PER_PUBLICATION: Final = 49
"""Changes in one publication: per change a row and a marker, and the head, are 99 of the 100 writes
of a transaction."""
CHANGES_PRUNED_PER_SCAN: Final = 490
"""Changes that a scan deletes: so many an hour outpace what any estate publishes for long."""
SCANS_PRUNED_PER_SCAN: Final = 1_000
"""Scans that a full scan deletes; between two daily ones there may be a partial one every two
minutes."""
RETENTION_GRACE: Final = timedelta(days=2)
"""How long both are kept beyond `CMK_RETENTION_DAYS`: a change outlives the day for which its
delivery is tried."""

# --- Feed and retention: internal
# Each loses only to another publisher that succeeds.
PUBLICATION_ATTEMPTS: Final = 20
# Between two of them, at random up to the first time, which doubles up to the other one: a
# publication is three requests of some 10 ms, and up to 40 instances publish at once.
FIRST_PUBLICATION_BACK_OFF_SECONDS: Final = 0.05
PUBLICATION_BACK_OFF_SECONDS: Final = 3.0

# --- Alerts

WEBHOOK_SECONDS: Final = 10.0
"""A request to the webhook; a receiver that takes longer gets the post again."""
CHANGES_PER_POST: Final = 50
"""Changes in one post."""
FIRST_DELIVERY_DELAY: Final = timedelta(minutes=1)
"""The pause after a post that failed; it doubles."""
LONGEST_DELIVERY_DELAY: Final = timedelta(hours=1)
"""That pause at most."""
DELIVERY_GIVEN_UP_AFTER: Final = timedelta(days=1)
"""How long a post is tried."""
CHANGES_PER_DELIVERY_MESSAGE: Final = 1000
"""Numbers in a message of `cmk-tell`: far more than a publication, so that people may send again
what was given up."""
LATER_CHANGES_EXAMINED: Final = 10_000
"""Later changes that may have overtaken what is delivered: ten requests at most."""
MAX_CHANGES_MESSAGE_BYTES: Final = 48_000
"""A message of `cmk-changes`: as base64 it stays below the 64 KiB that a message may have."""
CHANGES_MESSAGE_LIFETIME: Final = timedelta(days=7)
"""How long it waits to be read: a queue without a reader must not grow for ever."""
MAX_LOG_LINE_CHARS: Final = 8192
"""A log line: Azure Monitor and what people put behind it take 8 KB without cutting it."""

# --- Alerts: internal
# Enough to pass the longest delay; without it, the shift by a forged count would be endless.
DELIVERY_DOUBLINGS: Final = 6
MAX_DELIVERY_ATTEMPT: Final = 1_000_000
# What values (characters) and lists (entries) are cut to, in turn, until a text is short enough.
SHORTENED_TO: Final = ((2000, 50), (200, 25), (40, 10), (8, 5), (0, 0))
# Of a value in a message for people: Azure's bound for names of accounts. The longest line fits.
MAX_CHAT_VALUE_CHARS: Final = 64
MAX_CHAT_REASON_CHARS: Final = 200
MAX_CHAT_LINK_CHARS: Final = 900
# The longest of our sentences; what could not be seen, and why, stands behind one of them.
MAX_CHAT_KEY_SENTENCE_CHARS: Final = 360
MAX_CHAT_KEY_CODES: Final = 5
# The names of broken keys in the report of the first scan, which must stay one Slack section.
MAX_CHAT_BROKEN_KEYS_CHARS: Final = 1_500
# Slack refuses blocks of somewhat more than 13,000 characters in all, 50 blocks or 3,000 characters
# in one (https://docs.slack.dev/reference/block-kit/blocks). Teams takes 28 KB, counted in UTF-16
# (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
MAX_CHAT_CHARS: Final = 12_000
MAX_CHAT_LINES: Final = 40
MAX_SLACK_SECTION_CHARS: Final = 3_000
# Every character that Slack wants escaped takes five: so short a text fits, whatever it is.
SLACK_ALWAYS_FITS_CHARS: Final = 550
# Of what a receiver answers to a post that it refuses, and of the one code in it that is repeated.
MAX_WEBHOOK_ANSWER_BYTES: Final = 1024
MAX_WEBHOOK_CODE_BYTES: Final = 40

# --- HTTP API

MAX_PAGE_SIZE: Final = 1000
"""Entries on a page of the HTTP API: one request of the table service brings as many."""
DEFAULT_PAGE_SIZE: Final = 100
"""Entries where `top` is not given."""
MAX_WORKBOOK_FINDINGS: Final = 10_000
"""Findings in one workbook, which nobody can join by hand: some seconds, and a megabyte or two."""
MAX_WORKBOOK_PAGES: Final = 100
"""Pages that a workbook reads: a page of a search may find little."""
ROWS_EXAMINED_PER_PAGE: Final = 10_000
"""Rows that one request reads: a filter that matches nothing would read the whole table."""
ROWS_SEARCHED_PER_PAGE: Final = 1_000
"""The same, if the app has to compare them: one or two turns of the thread that answers
everything."""
MAX_FINDINGS_SUMMED: Final = 100_000
"""Findings that the lists of owners and keys sum at most, which takes seconds of that thread."""
MAX_NAMES_OF_KEY: Final = 100
"""Owners, versions and identities that the list of keys names for each."""
TABLE_WALKS_AT_ONCE: Final = 3
"""Lists of findings, owners, keys or subscriptions that a process reads at once; also searches, and
lists whose rows the app has to compare. Each costs a second or so of that thread."""
TABLE_WALK_WAIT_SECONDS: Final = 3.0
"""How long one more list waits before it gets 429: panels of a dashboard ask at the same moment.
With a request to the storage it stays below 10 s."""
SEARCH_WAIT_SECONDS: Final = 20.0
"""The same for searches, and for lists whose rows the app has to compare: a person waits longer
than a panel."""
API_STORAGE_SECONDS: Final = 6.0
"""A request to the storage for the HTTP API, repetitions included; a query takes the service 5 s at
most."""
LAST_CHANGE_SECONDS: Final = 10.0
"""A question for an account's last change, the wait for others included: they go to Azure one at a
time, because scans and watch share its quota."""
HEALTH_KEPT: Final = timedelta(seconds=10)
"""How long an answer of `health` is kept: a flood of anonymous requests reads the store once in
this time."""
HEALTH_READ_SECONDS: Final = 3.0
"""How long `health` waits for the storage: load balancers wait for seconds."""

# --- HTTP API: internal
# Rows of a search between two rests. So many take the thread that status and health need for some
# twenty milliseconds; requests for fewer cost nearly as much as their rows.
SEARCHED_AT_ONCE: Final = 500
# How long searches rest, in times of what the last rows took, and at most. Two thirds of the time
# stay for others, in this thread and in the storage.
SEARCH_REST: Final = 2
MAX_SEARCH_REST_SECONDS: Final = 1.0
# Each holds up to a thousand owners, some hundred kilobytes.
OWNER_PAGES_KEPT: Final = 8
# A thousand ids, and some blanks.
MAX_SCAN_REQUEST_BYTES: Final = 100_000
MAX_SEARCH_CHARS: Final = 200
MAX_LOCATION_CHARS: Final = 100
# A place is two keys of MAX_KEY_UNITS at most and what parts them, in base64.
MAX_SKIP_TOKEN_CHARS: Final = 1400
# Of a workbook in a temporary file, what is in memory at once.
WORKBOOK_PIECE_BYTES: Final = 256 * 1024
# What a sheet of Excel holds, the head row included.
MAX_SHEET_ROWS: Final = 1_048_576
# Rows of subscriptions that one page of findings needs.
COVERAGE_READS_AT_ONCE: Final = 16

# --- Command line: internal
# The most of a thing that an estimate takes: no estate has so many, and numbers stay finite.
MAX_ESTIMATED: Final = 10**9
# Four deliveries, as host.json has it; the pauses are shorter, since a person waits.
LOCAL_PAUSES_SECONDS: Final = (1.0, 5.0, 20.0)
# Where there is no terminal, a line for every tenth of a scan, but none more often than this: a
# scan of seconds has no lines.
PROGRESS_LINES: Final = 10
PROGRESS_LINE_SECONDS: Final = 10.0
# A terminal says how wide it is; whoever reads a pipe or a file takes whole lines.
PIPE_WIDTH_CHARS: Final = 10_000
# Verdict, account and reason at their longest, so that each account has a line to itself.
ONE_LINE_CHARS: Final = 140

# --- Evidence: internal
# A page of a thousand findings takes seconds; a slow line takes longer.
API_REQUEST_SECONDS: Final = 60
# A read that fails is repeated after each of them, or when the app asks to, but no later than this.
API_PAUSES_SECONDS: Final = (1.0, 3.0, 10.0)
LONGEST_API_PAUSE_SECONDS: Final = 30.0
# Everything is read again where a scan changed it meanwhile; most scans end within a minute.
EVIDENCE_TRIES: Final = 5
EVIDENCE_PAUSE_SECONDS: Final = 15.0
# The report is for people: longer lists are in the files beside it.
MAX_REPORT_ROWS: Final = 500
FINDINGS_WRITTEN_AT_ONCE: Final = 500
# Nothing but a change tells of it: as of an earlier time, one may wait so long for its publication.
PUBLICATION_DELAY: Final = timedelta(days=1)

# --- Doctor

DOCTOR_CHECK_SECONDS: Final = 60
"""A check of `cmk-check doctor`: a person waits."""
DOCTOR_READING_SECONDS: Final = 300
"""The check that reads all subscriptions."""
DOCTOR_SAMPLE_SECONDS: Final = 60
"""The checks that read keys, exemptions and data stores."""
DOCTOR_SAMPLED: Final = 5
"""Keys, subscriptions with exemptions, and accounts with data stores, that these read: a few show
which right is missing."""
DOCTOR_REPORT_SAMPLED: Final = 50
"""The same for a report, which is made once."""
DOCTOR_CHANGES: Final = timedelta(days=13)
"""How far back a report looks for changes: Resource Graph keeps them for 14 days."""

# --- Doctor: internal
# The list may take CMK_SUBSCRIPTION_TIMEOUT_SECONDS.
DOCTOR_LIST_SECONDS: Final = SUBSCRIPTION_SECONDS_RANGE[1] + 10
# Each of a few requests has STORAGE_DEADLINE_SECONDS.
DOCTOR_STORAGE_SECONDS: Final = 120
DOCTOR_ARM_SECONDS: Final = 20
# What a check may take beyond the reading in it, which ends by itself and says how far it came.
DOCTOR_MARGIN_SECONDS: Final = 30
# More names are counted.
MAX_NAMES_LISTED: Final = 10
