"""All limits of the program, each with its reason.

A limit's name ends with a unit, unless the limit is a timedelta or counts what its name says. A
limit that matters to operators has a docstring, which ``make docs`` writes to
docs/reference/limits.md.
"""

from datetime import timedelta
from typing import Final

# --- Scan

SLICE_SUBSCRIPTIONS: Final = 400
"""Subscriptions in a slice. Larger slices save transactions and waiting time. With smaller slices,
more instances share an estate."""
SUBSCRIPTION_SECONDS: Final = 120
"""Time to read a subscription, or a list of subscriptions. A slower subscription becomes the gap
`timeout`, so that it does not use up `SLICE_READING`, which a slice shares."""
SLICE_CLAIM: Final = timedelta(minutes=10)
"""How long a worker may keep a slice before another may claim it. A message returns at most 3
times, at intervals of 5 minutes (host.json); a claim must end before the last return."""
SLICE_READING: Final = timedelta(minutes=8)
"""Time to read a slice, whose unread subscriptions become gaps. Recording has 2 more minutes."""
KEY_READING_SHARE: Final = 5 / 8
"""The part of `SLICE_READING` in which keys may be read, so that slow vaults leave time for the
verdicts of the last accounts."""
SCAN_LEASE: Final = timedelta(minutes=30)
"""The lease of a scan, renewed when less than half is left. If all workers of a scan died, another
scan can start after this time."""
SCAN_DEADLINE: Final = timedelta(minutes=55)
"""Maximum duration of a scan; the lease is not renewed after this time. By default, a scan starts
every hour, so a longer scan would overlap with the next."""
SCAN_SPACING: Final = timedelta(minutes=1)
"""Pause between the last scan's start and a requested full scan, which reads everything."""
PARTIAL_SCAN_SPACING: Final = timedelta(seconds=10)
"""Pause between the last scan's start and a partial scan. It is short because a partial scan reads
little, and a person who has just fixed an account is waiting."""
MAX_SUBSCRIPTIONS_NAMED: Final = 1_000
"""Subscriptions of a partial scan."""
OVERDUE_SHARE: Final = 1 / 4
"""The part of `CMK_MAX_AGE_MINUTES`, at most `SCAN_DEADLINE`, that is left before a result becomes
stale when the second clock starts a scan. With the defaults, an hourly timer starts one earlier."""
OVERDUE_AGAIN: Final = timedelta(minutes=5)
"""Delay until the message of an overdue scan returns, if a scan is running."""
ATTEMPTS_PER_STEP: Final = 3
"""Attempts at a step that loses a race. After that, the queue repeats the rest of the work."""
MAX_SLICES: Final = 10_000
"""Slices of a scan, because a slice's number has four digits. A scan with more slices fails."""
CLOCK_TOLERANCE: Final = timedelta(minutes=2)
"""How far two clocks may differ. The clocks of Azure's hosts differ only by seconds."""

CROSS_CHECK_AGE: Final = timedelta(hours=1)
"""Minimum age of an account that counts as missing in a list: both the lists and Resource Graph may
lag behind for younger accounts."""
EXEMPTION_TURNS: Final = 24
"""The number of full scans in which a subscription's exemptions are read at least once, even if no
other data points to an exemption."""
EXEMPTION_TURNS_WITHIN: Final = timedelta(hours=4)
"""After a longer pause between two full scans, the next scan reads all exemptions."""
CROSS_CHECKED_PER_SLICE: Final = 50
"""Accounts per slice that are read by id because only Resource Graph lists them. If more are
missing, Resource Graph is far behind, and the lists are not at fault."""
WATCH_OVERLAP: Final = timedelta(minutes=15)
"""How late a change may arrive and still be noticed by the watch for changes. Microsoft documents
five minutes, but some rows arrive later."""
WATCH_BLIND_REPEATED: Final = timedelta(hours=1)
"""How often the watch for changes reports that it is still blind."""

# --- Scan: internal
# By default Python collects garbage after 2,000 new objects, here the rows of forty accounts. That
# takes an eighth of a scan's processor time and finds hardly any garbage.
GARBAGE_OBJECTS: Final = 20_000
# A slice waits for this answer once, and then goes on without it.
CROSS_CHECK_SECONDS: Final = 20
# Each of GRAPH_ROWS_PER_PAGE rows, for the subscriptions of a slice.
MAX_KNOWN_ACCOUNT_PAGES: Final = 10
# Each vault needs a query of findings, filtered by the table service; the oldest change is first.
WATCH_VAULTS_PER_LOOK: Final = 10
# The vaults' ids take less than a fifth of a row's capacity.
WATCH_VAULTS_REMEMBERED: Final = 500
# The next look is two minutes away.
WATCH_QUERY_SECONDS: Final = 60

# As in host.json; a message that fails in its last delivery goes to the poison queue.
MAX_DELIVERIES: Final = 4
# A claim is renewed if its slice waited this long for another slice of its process.
CLAIM_RENEWED_AFTER: Final = timedelta(minutes=1)
# Scans that lost their lease, each with a change: a transaction has MAX_TRANSACTION_WRITES.
SCANS_ABANDONED_AT_ONCE: Final = 40
# An internal error's text in a gap, which may quote Azure's answer.
MAX_GAP_DETAIL_CHARS: Final = 300

# --- Settings (minimum and maximum): internal, since docs/reference/settings.md has them

EXCEPTION_DAYS_RANGE: Final = (1, 3650)
DEFAULT_EXCEPTION_DAYS: Final = 365
# The latest time in a row plus one year is still a valid date.
FIX_WITHIN_DAYS_RANGE: Final = (1, 365)
MAX_AGE_MINUTES_RANGE: Final = (1, 525_600)
IN_FLIGHT_RANGE: Final = (1, 100)
DEFAULT_IN_FLIGHT: Final = 32
# Characters by which a misspelt name may differ from a setting's name.
MAX_MISSPELT_CHARS: Final = 2
RETENTION_DAYS_RANGE: Final = (1, 3650)
# This many tags with values of maximum length fit into one property of a row.
MAX_TAGS: Final = 20
MAX_WEBHOOK_URL_CHARS: Final = 2048
# Each range of the feed becomes one message per route.
MAX_ROUTES: Final = 20
# One secret in use, and a second one during rotation.
MAX_WEBHOOK_SECRETS: Final = 2
# Standard Webhooks specification, section "Signature scheme": 24 to 64 bytes.
WEBHOOK_SECRET_BYTES: Final = range(24, 65)

# --- Reading Azure

ARM_CONNECT_SECONDS: Final = 10
"""Time to connect to Azure Resource Manager; a request that takes longer is retried."""
ARM_READ_SECONDS: Final = 60
"""Time to wait for data from Azure Resource Manager."""
ARM_ATTEMPTS: Final = 5
"""Attempts at a request to Azure Resource Manager."""
ARM_FIRST_BACK_OFF_SECONDS: Final = 0.5
"""The pause before the second attempt, unless Azure requests a pause. It doubles each time."""
MAX_ARM_PAUSE_SECONDS: Final = 60
"""The longest pause that Azure may request; a longer pause causes the gap `throttled`. After this
pause, `SUBSCRIPTION_SECONDS` leave time for the response."""
MAX_ARM_PAGES: Final = 1_000
"""Pages of a list. A page has tens to a thousand entries: no real list is this long."""
MAX_ARM_BODY_MIB: Final = 64
"""Unpacked size of one response from Azure. A thousand accounts of 41 KB, the largest kind, fit. A
compressed response can grow a thousandfold when it is unpacked."""

# --- Reading Azure: internal
# A token must not expire during a request.
TOKEN_MARGIN_SECONDS: Final = 60
# A token without a renewal time is renewed this long before it expires, as in the SDK.
TOKEN_RENEWAL_SECONDS: Final = 300
# In bytes, so that seven strings of evidence stay below 8 KB in any alphabet.
MAX_EVIDENCE_BYTES: Final = 1024
MAX_TAG_BYTES: Final = 256
MAX_INPUT_BYTES: Final = 64 * 1024 * 1024
"""A file for the command line; reading it needs up to twenty times its size in memory."""
MAX_EXPRESSION_CHARS: Final = 24_576  # as Azure Resource Manager allows
MAX_WORD_BYTES: Final = 128  # of kinds, locations and similar values
MAX_SUBSCRIPTION_TEXT_BYTES: Final = 256
# The maximum of Resource Graph.
GRAPH_ROWS_PER_PAGE: Final = 1_000
# ARM's limits.
MAX_RESOURCE_GROUP_CHARS: Final = 90
MAX_ACCOUNT_NAME_CHARS: Final = 64
# An id with its prefix must fit into a table key (MAX_KEY_UNITS).
MAX_ID_KEY_CHARS: Final = 500

# --- Keys

KEY_EXPIRY_NOTICE: Final = timedelta(days=30)
"""How long before its expiry a key is at risk, so that there is time to replace it."""
SHORT_KEY_NOTICE_SHARE: Final = 1 / 4
"""The part of a short-lived key's life in which the key is at risk; with `KEY_EXPIRY_NOTICE`, it
would be at risk all its life. Of 28 days, the shortest life in a policy, this part is 7 days,
which is the time that the policy leaves from rotation to expiry."""
KEY_ROTATION_GRACE: Final = timedelta(days=1)
"""How late a new key version may be after the time in the key's policy: Key Vault guarantees no
exact time."""
KEY_REQUESTS_SHARE: Final = 3 / 4
"""The part of `CMK_MAX_IN_FLIGHT` that requests for keys may use, so that slow vaults do not delay
the lists of accounts."""

# --- Keys: internal
# As many as Resource Graph returns rows at once.
VAULTS_PER_QUERY: Final = 1_000
# A vault's name is unique in Azure, so only a few outdated rows can exceed the number of names.
MAX_VAULT_PAGES: Final = 10
# Thousands of accounts have the same few roles, each compared with three actions.
BLOCKS_REMEMBERED: Final = 1_024
# Key Vault's minimum from one version to the next, or from the next version to the expiry of the
# previous one, and its minimum life of a version. No documented policy has shorter times.
LEAST_ROTATION_TIME: Final = timedelta(days=7)
LEAST_KEY_LIFETIME: Final = timedelta(days=28)
# No key has this many bits, and a JSON number can have any number of digits.
MAX_KEY_SIZE_BITS: Final = 1_000_000
# The sentence on an unreadable part, in a key concern's message.
MAX_KEY_SENTENCE_BYTES: Final = 400
# Tries of a plan's script to switch encryption on: Azure does not report when a grant takes effect.
SWITCH_ON_ATTEMPTS: Final = 20
SWITCH_ON_PAUSE_SECONDS: Final = 30

# Characters of an account's name in the file name of its plan.
MAX_PLAN_NAME_CHARS: Final = 40

# --- Findings, status and changes

MAX_TRANSITIONS: Final = 20
"""Transitions kept with a finding, which must fit into a row."""
MAX_GAPS_LISTED: Final = 50
"""Gaps named in a status, which must fit into a row."""
MAX_UNWRITTEN_NAMED: Final = MAX_SUBSCRIPTIONS_NAMED
"""Gaps without a row that a status names, by id only: one partial scan can read them all again."""
MAX_BROKEN_KEYS_LISTED: Final = 50
"""Accounts with a broken key that the first scan's report names; its counts include all."""

# --- Findings, status and changes: internal
# A kind may be any text from Azure, and the counts of all kinds must fit into a row.
MAX_KINDS_COUNTED: Final = 50
MAX_KIND_CHARS: Final = 128
# As hashes in a subscription's row and in the status, they take a third of a property.
MAX_OWNERS_COUNTED: Final = 1_000
# A change's number has twelve digits in its outbox key; the rest leaves room to continue.
MAX_SEQUENCE: Final = 9 * 10**11
# If the last number is lost, counting continues at this number times the seconds since 1970. No
# subscription changes this often, so the result exceeds all earlier numbers, even after a loss.
SEQUENCES_PER_SECOND: Final = 100
# One change as JSON must fit into a table property (32,768 characters) and a queue message (48 KB).
MAX_CHANGE_TEXT_CHARS: Final = 512
MAX_CHANGE_MESSAGE_CHARS: Final = 1024
MAX_CHANGE_REASONS: Final = 10
# Reasons per key in the first scan's report: all its keys must fit into a property.
MAX_BROKEN_KEY_REASONS: Final = 3
# Expiry times of honoured exceptions that counts keep, so that they fit into a row.
MAX_EXPIRIES_COUNTED: Final = 50
EXPIRY_REMINDERS_DAYS: Final = (14, 3)  # an early reminder and a final one
# More than Azure allows.
MAX_RESOURCE_ID_CHARS: Final = 2_048

# --- Store

STORAGE_DEADLINE_SECONDS: Final = 30
"""Duration of a request to tables or queues, with retries and pauses. The limit also shortens a
Retry-After, which the client would otherwise honour at any length."""
TABLE_PAGE_ROWS: Final = 1000
"""Rows that a table query returns at once: the service's maximum."""

# --- Store: internal
# One attempt of a request; a read is retried, a write only if it certainly did not run.
STORAGE_CONNECT_SECONDS: Final = 10
STORAGE_READ_SECONDS: Final = 10
STORAGE_RETRIES: Final = 2
TABLE_BACK_OFF_SECONDS: Final = 0.4
# Before each retry of a write.
TABLE_WRITE_PAUSES_SECONDS: Final = (0.3, 1.0)
# The longest time for which the queue service can hide a message:
# https://learn.microsoft.com/rest/api/storageservices/put-message
LONGEST_MESSAGE_DELAY: Final = timedelta(days=7)
# A plan sends a message for each slice.
QUEUE_SENDS_AT_ONCE: Final = 8
# The table service's limits: learn.microsoft.com/rest/api/storageservices, "Understanding the Table
# service data model" and "Performing entity group transactions". Units are UTF-16 code units.
MAX_KEY_UNITS: Final = 512
MAX_TRANSACTION_WRITES: Final = 100
MAX_TRANSACTION_BYTES: Final = 4 * 1024 * 1024 - 4096  # 4 MiB without the envelope of the batch
MAX_ENTITY_BYTES: Final = 1024 * 1024
MAX_PROPERTIES: Final = 252
MAX_PROPERTY_NAME_CHARS: Final = 255
MAX_STRING_UNITS: Final = 32_768
MAX_NAME_SHOWN_CHARS: Final = 80
# Each transaction of findings includes the coverage row and its change, each with at most two
# properties of MAX_STRING_UNITS, six bytes per unit in JSON.
RESERVED_WRITES: Final = 2
RESERVED_WRITE_BYTES: Final = 512 * 1024
# Characters outside the Basic Multilingual Plane count twice in MAX_STRING_UNITS.
DOCUMENT_PIECE_CHARS: Final = 16_000
# The groups of accounts in a coverage row: JSON without other characters than ASCII.
MAX_ACCOUNT_GROUPS_CHARS: Final = 30_000
# A partition is checked once for whether it is foreign, and a foreign one is logged once.
PARTITIONS_REMEMBERED: Final = 1024

# --- Feed and retention

CHANGES_PER_PUBLICATION: Final = 49
"""Changes in one publication: a row and a marker per change, and the head, need 99 of a
transaction's 100 writes."""
CHANGES_PRUNED_PER_SCAN: Final = 490
"""Changes that a scan deletes; in the long run, no estate publishes this many per hour."""
SCANS_PRUNED_PER_SCAN: Final = 1_000
"""Scans that a full scan deletes; between two daily scans there may be a partial scan every two
minutes."""
RETENTION_GRACE: Final = timedelta(days=2)
"""How long changes and scans are kept beyond `CMK_RETENTION_DAYS`, so that a change outlives the
day for which its delivery is retried."""

# --- Feed and retention: internal
# An attempt fails only if another publisher succeeds.
PUBLICATION_ATTEMPTS: Final = 20
# A random pause between two attempts: at first up to the first value, then doubling up to the
# second. A publication is three requests of about 10 ms; up to 40 instances publish at once.
FIRST_PUBLICATION_BACK_OFF_SECONDS: Final = 0.05
PUBLICATION_BACK_OFF_SECONDS: Final = 3.0

# --- Alerts

WEBHOOK_SECONDS: Final = 10.0
"""Duration of a request to the webhook. A receiver that takes longer gets the post again."""
CHANGES_PER_POST: Final = 50
"""Changes in one post."""
FIRST_DELIVERY_DELAY: Final = timedelta(minutes=1)
"""The pause after the first failed post. It doubles each time."""
LONGEST_DELIVERY_DELAY: Final = timedelta(hours=1)
"""The maximum pause after a failed post."""
DELIVERY_GIVEN_UP_AFTER: Final = timedelta(days=1)
"""How long a post is retried."""
DIGEST_OWNERS: Final = 5
"""Owners in a digest: those with the most violations."""
CHANGES_PER_DELIVERY_MESSAGE: Final = 1000
"""Changes in a message of `cmk-tell`: far more than in a publication, so that a person can resend
many abandoned changes at once."""
MAX_CHANGES_RESENT: Final = 10_000
"""Published changes that one request sends to the receivers again: more than a day of alerts."""
LATER_CHANGES_EXAMINED: Final = 10_000
"""Later changes checked for one that supersedes the change to deliver: at most ten requests."""
MAX_CHANGES_MESSAGE_BYTES: Final = 48_000
"""Size of a `cmk-changes` message: in base64 it stays below the maximum of 64 KiB."""
CHANGES_MESSAGE_LIFETIME: Final = timedelta(days=7)
"""How long a `cmk-changes` message is kept: a queue without a reader must not grow forever."""
MAX_LOG_LINE_CHARS: Final = 8192
"""Length of a log line: Azure Monitor and its readers accept 8 KB without truncation."""

# --- Alerts: internal
# How much too early a timer may fire.
EARLY_TIMER: Final = timedelta(seconds=5)
# How far clocks may differ, and how late a publication may appear after its date.
LATE_PUBLICATION: Final = timedelta(minutes=1)
# Numbers that no feed reaches, and that fit into the 63 bits of Kusto's type long.
FIRST_DIGEST: Final = 10**18
# Enough to exceed the longest delay; without it, a forged count would cause a huge shift.
DELIVERY_DOUBLINGS: Final = 6
MAX_DELIVERY_ATTEMPT: Final = 1_000_000
# Limits for values (characters) and lists (entries), tried in turn until a text is short enough.
SHORTENED_TO: Final = ((2000, 50), (200, 25), (40, 10), (8, 5), (0, 0))
# A value in a message for people: Azure's limit for account names. The longest line fits.
MAX_CHAT_VALUE_CHARS: Final = 64
MAX_CHAT_REASON_CHARS: Final = 200
MAX_CHAT_LINK_CHARS: Final = 900
# The catalogue's longest sentence, followed by what could not be read and why.
MAX_CHAT_KEY_SENTENCE_CHARS: Final = 360
MAX_CHAT_KEY_CODES: Final = 5
# The broken keys' names in the first scan's report, which must fit into one Slack section.
MAX_CHAT_BROKEN_KEYS_CHARS: Final = 1_500
# Slack refuses blocks with slightly more than 13,000 characters in total, more than 50 blocks, and
# more than 3,000 characters in one (https://docs.slack.dev/reference/block-kit/blocks). Teams
# accepts 28 KB, counted in UTF-16
# (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
MAX_CHAT_CHARS: Final = 12_000
MAX_CHAT_LINES: Final = 40
MAX_SLACK_SECTION_CHARS: Final = 3_000
# An escaped character takes five in Slack: any text this short fits.
SLACK_ALWAYS_FITS_CHARS: Final = 550
# The part of a receiver's refusal that is read, and the part of its code that is repeated.
MAX_WEBHOOK_ANSWER_BYTES: Final = 1024
MAX_WEBHOOK_CODE_BYTES: Final = 40

# --- HTTP API

MAX_PAGE_SIZE: Final = 1000
"""Entries on a page of the HTTP API: the table service returns at most as many per request."""
DEFAULT_PAGE_SIZE: Final = 100
"""Entries on a page without `top`."""
MAX_WORKBOOK_FINDINGS: Final = 10_000
"""Findings in one workbook, which cannot be split; it takes a few seconds and 1 to 2 MB."""
MAX_WORKBOOK_PAGES: Final = 100
"""Pages that a workbook reads: a page of a search may have few findings."""
ROWS_EXAMINED_PER_PAGE: Final = 10_000
"""Rows that one request reads: a filter that matches nothing would read the whole table."""
ROWS_SEARCHED_PER_PAGE: Final = 1_000
"""Rows that one request reads if the app must compare them, in one or two turns of the thread that
serves all requests."""
MAX_PERIOD_DAYS: Final = 92
"""The longest period that can be summarised: a quarter."""
MAX_PERIOD_CHANGES: Final = 10_000
"""Changes read for a summary, the newest ones: ten requests to the table service."""
MAX_PERIOD_CHANGES_LISTED: Final = 10
"""Changes that a summary shows of each kind; the feed has all."""
MAX_FINDINGS_SUMMED: Final = 100_000
"""Findings that the lists of owners and keys read for rows without sums, as before the first scan
after an upgrade; reading them blocks the serving thread for seconds."""
SUBSCRIPTIONS_SUMMED_ALONE: Final = 100
"""Subscriptions without sums in their row, whose findings these lists read one by one; if there are
more, they read the whole table."""
MAX_NAMES_OF_KEY: Final = 100
"""Owners, versions and identities that the list of keys names per key."""
TABLE_WALKS_AT_ONCE: Final = 3
"""Lists of findings, owners, keys or subscriptions that a process reads at once; also searches, and
lists whose rows the app must compare. Each blocks the serving thread for about a second."""
TABLE_WALK_WAIT_SECONDS: Final = 3.0
"""How long one more list waits for a free slot before the API returns 429, because a dashboard's
panels send requests together. With a request to the storage, the total stays below 10 s."""
SEARCH_WAIT_SECONDS: Final = 20.0
"""How long a search, or a list whose rows the app must compare, waits for a free slot before the
API returns 429. Longer than for dashboards, because people tolerate more delay."""
API_STORAGE_SECONDS: Final = 6.0
"""Duration of a storage request for the HTTP API, with retries; a query takes at most 5 s."""
HEALTH_KEPT: Final = timedelta(seconds=10)
"""How long a response of `health` is cached: even a flood of anonymous requests reads the store
only once in this time."""
HEALTH_READ_SECONDS: Final = 3.0
"""How long `health` waits for the storage, because load balancers wait only for seconds."""

# --- HTTP API: internal
# Rows that a search reads between two pauses. They occupy the thread that status and health need
# for about twenty milliseconds; requests for fewer rows cost nearly as much.
SEARCHED_AT_ONCE: Final = 500
# How long searches pause, as a multiple of the time for the last rows, and at most. This leaves two
# thirds of the time for other requests, in this thread and in the storage.
SEARCH_REST: Final = 2
MAX_SEARCH_REST_SECONDS: Final = 1.0
# A thousand ids and some spaces.
MAX_SCAN_REQUEST_BYTES: Final = 100_000
MAX_SEARCH_CHARS: Final = 200
MAX_LOCATION_CHARS: Final = 100
# A position is two keys of at most MAX_KEY_UNITS and a separator, in base64.
MAX_SKIP_TOKEN_CHARS: Final = 1400
# The part of a workbook in a temporary file that is in memory at once.
WORKBOOK_PIECE_BYTES: Final = 256 * 1024
# The maximum of an Excel sheet, including the header row.
MAX_SHEET_ROWS: Final = 1_048_576
# Subscription rows that one page of findings needs.
COVERAGE_READS_AT_ONCE: Final = 16

# --- Command line: internal
# Of judging one document, each of about a microsecond. A plan with a thousand resources takes a
# hundredth of them.
MAX_CHECK_STEPS: Final = 5_000_000
MAX_EXPRESSION_SHOWN_CHARS: Final = 120
MAX_BICEP_SECONDS: Final = 60  # a large template takes ten
# Four deliveries, as in host.json, with shorter pauses because a person waits.
LOCAL_PAUSES_SECONDS: Final = (1.0, 5.0, 20.0)
# Without a terminal, each tenth of a scan prints a line, but no more often than this: a scan of a
# few seconds prints none.
PROGRESS_LINES: Final = 10
PROGRESS_LINE_SECONDS: Final = 10.0
# A terminal reports its width; a pipe or a file takes whole lines.
PIPE_WIDTH_CHARS: Final = 10_000
# More would scroll the totals out of sight. A person can ask for all.
ROWS_AT_TERMINAL: Final = 50

# --- Evidence: internal
# A page of a thousand findings takes seconds, and longer over a slow connection.
API_REQUEST_SECONDS: Final = 60
# A failed read is retried after each pause, or after the app's Retry-After up to the longest one.
API_PAUSES_SECONDS: Final = (1.0, 3.0, 10.0)
LONGEST_API_PAUSE_SECONDS: Final = 30.0
# Everything is read again if a scan changed it meanwhile; most scans end within a minute.
EVIDENCE_TRIES: Final = 5
EVIDENCE_PAUSE_SECONDS: Final = 15.0
# The report is for people: longer lists are in the accompanying files.
MAX_REPORT_ROWS: Final = 500
FINDINGS_WRITTEN_AT_ONCE: Final = 500
# How long a change may wait for its publication; evidence as of an earlier time relies on it.
PUBLICATION_DELAY: Final = timedelta(days=1)

# --- Doctor

DOCTOR_CHECK_SECONDS: Final = 60
"""Duration of one check of `cmk-check doctor`, because a person waits for the result."""
DOCTOR_READING_SECONDS: Final = 300
"""Duration of the check that reads all subscriptions."""
DOCTOR_SAMPLE_SECONDS: Final = 60
"""Duration of the checks that read keys and exemptions."""
DOCTOR_SAMPLED: Final = 5
"""Keys and subscriptions with exemptions that these checks read: a few show which permission is
missing."""
DOCTOR_REPORT_SAMPLED: Final = 50
"""Keys and subscriptions that the checks read for a report, which is created once."""
DOCTOR_CHANGES: Final = timedelta(days=13)
"""How far back a report looks for changes: Resource Graph keeps changes for 14 days."""

# --- Doctor: internal
# The list may take SUBSCRIPTION_SECONDS.
DOCTOR_LIST_SECONDS: Final = SUBSCRIPTION_SECONDS + 10
# Each of a few requests has STORAGE_DEADLINE_SECONDS.
DOCTOR_STORAGE_SECONDS: Final = 120
DOCTOR_ARM_SECONDS: Final = 20
# Extra time for a check beyond its reading, which ends automatically and reports its progress.
DOCTOR_MARGIN_SECONDS: Final = 30
# Further names are only counted.
MAX_NAMES_LISTED: Final = 10
