"""Every number that bounds what the program does, each with its reason.

A name ends with its unit, unless it is a timedelta or counts what it names. The table in
docs/architecture.md has all of them, except those below a heading that says ``internal``.
"""

from datetime import timedelta
from typing import Final

# --- Scan

# A message comes back at most 3 times, 5 minutes apart each (host.json): a claim has to end before
# the last of them, or a slice whose worker died could never be taken over.
SLICE_CLAIM: Final = timedelta(minutes=10)
# What is not read by then is a gap, so that two minutes are left for recording.
SLICE_READING: Final = timedelta(minutes=8)
# Encryption scopes and projects hardly ever change, and are requests for each account.
DAILY_READING: Final = timedelta(days=1)
# Verdicts go before the health of keys: slow vaults must leave time for the last accounts.
KEY_READING_SHARE: Final = 5 / 8
# And these before data stores, which are read first: their time is up before that for keys.
DATA_READING_SHARE: Final = 4 / 8
# Renewed while slices end: a scan whose workers all died gives way within this time.
SCAN_LEASE: Final = timedelta(minutes=30)
# The default schedule starts a scan every hour; one that takes longer would meet the next.
SCAN_DEADLINE: Final = timedelta(minutes=55)
# Every scan asks Azure for everything: pressing a button again and again must not.
SCAN_SPACING: Final = timedelta(minutes=1)
# A partial scan asks for little, and whoever has just fixed an account wants to see it.
PARTIAL_SCAN_SPACING: Final = timedelta(seconds=10)
MAX_SUBSCRIPTIONS_NAMED: Final = 1_000
# A step that still loses the race leaves the rest to the queue.
ATTEMPTS_PER_STEP: Final = 3
# The row of a slice is named by four digits.
MAX_SLICES: Final = 10_000
# Clocks of Azure hosts differ by seconds; what lies further ahead was stamped by a wrong clock.
CLOCK_TOLERANCE: Final = timedelta(minutes=2)

# Of an account that a list lacks. Lists and Resource Graph may both be late with a younger one.
CROSS_CHECK_AGE: Final = timedelta(hours=1)
# If more are missing, Resource Graph is far behind, and the lists are not at fault.
CROSS_CHECKED_PER_SLICE: Final = 50
# Resource Graph tells a change within five minutes, by its documents; rows come later than that.
WATCH_OVERLAP: Final = timedelta(minutes=15)
# A look that gets no answer says so again after this time.
WATCH_BLIND_REPEATED: Final = timedelta(hours=1)

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

# A request that takes longer is tried again.
ARM_CONNECT_SECONDS: Final = 10
ARM_READ_SECONDS: Final = 60
# With pauses that double, the last of them 4 s, where Azure names none.
ARM_ATTEMPTS: Final = 5
ARM_FIRST_BACK_OFF_SECONDS: Final = 0.5
# An ARM page holds tens to a thousand entries: no real list is a thousand pages long.
MAX_ARM_PAGES: Final = 1_000
# Of one answer, unpacked: a thousand accounts of 41 KB, the largest kind, are below it. Less than a
# megabyte on the wire can unpack to a thousand times as much.
MAX_ARM_BODY_MIB: Final = 64

# --- Reading Azure: internal
# A request under way must not outlive its token.
TOKEN_MARGIN_SECONDS: Final = 60
# A token that does not say when to renew it is renewed as early as the SDK would.
TOKEN_RENEWAL_SECONDS: Final = 300
# In bytes, so that seven strings of evidence stay below 8 KB whatever alphabet they are in.
MAX_EVIDENCE_BYTES: Final = 1024
MAX_TAG_BYTES: Final = 256
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

# Time to replace a key before it expires.
KEY_EXPIRY_NOTICE: Final = timedelta(days=30)
# Requests for keys are many, and slow vaults are to cost no list of accounts its time.
KEY_REQUESTS_SHARE: Final = 3 / 4

# --- Keys: internal
# Of one query of Resource Graph: as many as it returns rows at once.
VAULTS_PER_QUERY: Final = 1_000
# A name is a vault's own in all of Azure; more rows than names are only ever a few late ones.
MAX_VAULT_PAGES: Final = 10
# Accounts come by subscription: a few clients are enough, and none is kept for long.
SCOPE_CLIENTS_KEPT: Final = 16
# Thousands of accounts have roles with the same few patterns, each compared with three actions.
PATTERNS_REMEMBERED: Final = 1_024
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

# Of one account, each read in every scan: more than projects that share theirs ever need.
MAX_STORES_PER_ACCOUNT: Final = 50

# --- Data stores: internal
# A row must hold them: each names a project and what that keeps in a store.
MAX_STORE_USES: Final = 1_000
# Three requests each, once a day; Azure allows fewer.
MAX_PROJECTS_PER_ACCOUNT: Final = 300
# Of stores and projects, in the evidence of a reason.
MAX_STORES_NAMED: Final = 20

# --- Findings, status and changes

# A finding, and a status, must fit into a row; this is also the contract of the HTTP API.
MAX_TRANSITIONS: Final = 20
MAX_GAPS_LISTED: Final = 50
# Of gaps that stand in no row, by their ids alone: one partial scan can read them all again.
MAX_UNWRITTEN_NAMED: Final = MAX_SUBSCRIPTIONS_NAMED
# In the report of the first scan; its counts include all.
MAX_BROKEN_KEYS_LISTED: Final = 50

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

# Of a request to tables or queues, repetitions and pauses included. It also bounds a Retry-After,
# which the client honours at any length.
STORAGE_DEADLINE_SECONDS: Final = 30
# As many as the service returns at once; between two pages other writers come through.
TABLE_PAGE_ROWS: Final = 1000

# --- Store: internal
# Of one attempt; a read is repeated, a write is not unless it certainly did not run.
STORAGE_CONNECT_SECONDS: Final = 10
STORAGE_READ_SECONDS: Final = 10
STORAGE_RETRIES: Final = 2
TABLE_BACK_OFF_SECONDS: Final = 0.4
# Before such a write is sent again.
TABLE_WRITE_PAUSES_SECONDS: Final = (0.3, 1.0)
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

# Per change a row and a marker, and the head: 2 x 49 + 1 of MAX_TRANSACTION_WRITES.
CHANGES_PER_PUBLICATION: Final = 49
# So many an hour outpace what any estate publishes for long, and take a scan seconds.
CHANGES_PRUNED_PER_SCAN: Final = 490
# Full scans alone delete. Between two daily ones there may be a partial scan every two minutes.
SCANS_PRUNED_PER_SCAN: Final = 1_000
# Even with the shortest retention, a change outlives the day for which its delivery is tried.
RETENTION_GRACE: Final = timedelta(days=2)

# --- Feed and retention: internal
# Each loses only to another publisher that succeeds.
PUBLICATION_ATTEMPTS: Final = 20
# Between two of them, at random up to the first time, which doubles up to the other one: a
# publication is three requests of some 10 ms, and up to 40 instances publish at once.
FIRST_PUBLICATION_BACK_OFF_SECONDS: Final = 0.05
PUBLICATION_BACK_OFF_SECONDS: Final = 3.0

# --- Alerts

# A receiver that takes longer gets the post again.
WEBHOOK_SECONDS: Final = 10.0
CHANGES_PER_POST: Final = 50
# A post that failed is tried again after the first delay; it doubles up to the longest one.
FIRST_DELIVERY_DELAY: Final = timedelta(minutes=1)
LONGEST_DELIVERY_DELAY: Final = timedelta(hours=1)
DELIVERY_GIVEN_UP_AFTER: Final = timedelta(days=1)
# Far more than a publication, so that people may tell again what was given up; and bounded.
CHANGES_PER_DELIVERY_MESSAGE: Final = 1000
# Ten requests at most, to see whether one of them has overtaken what is delivered.
LATER_CHANGES_EXAMINED: Final = 10_000
# As base64, a third longer, it stays below the 64 KiB that a message may have.
MAX_CHANGES_MESSAGE_BYTES: Final = 48_000
# A queue that nobody reads must not grow for ever.
CHANGES_MESSAGE_LIFETIME: Final = timedelta(days=7)
# Azure Monitor and what people put behind it take 8 KB a line without cutting it.
MAX_LOG_LINE_CHARS: Final = 8192

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

# One request of the table service brings as many.
MAX_PAGE_SIZE: Final = 1000
DEFAULT_PAGE_SIZE: Final = 100
# Nobody can join workbooks by hand. So many findings take some seconds and a megabyte or two.
MAX_WORKBOOK_FINDINGS: Final = 10_000
# A page of a search may find little.
MAX_WORKBOOK_PAGES: Final = 100
# A filter that matches nothing would read the whole table in one request.
ROWS_EXAMINED_PER_PAGE: Final = 10_000
# A search compares rows here; so many are one or two turns of the thread that answers everything.
ROWS_SEARCHED_PER_PAGE: Final = 1_000
# Sums of owners need all rows: so many take seconds of that thread.
MAX_FINDINGS_SUMMED: Final = 100_000
# Each costs a second or so of the one thread that status and health need, too.
TABLE_WALKS_AT_ONCE: Final = 3
# Panels of a dashboard ask at the same moment. With a request to the storage it stays below 10 s.
TABLE_WALK_WAIT_SECONDS: Final = 3.0
# A person waits longer for a search than a panel for a list. So long serves dozens at once.
SEARCH_WAIT_SECONDS: Final = 20.0
# A request to the storage for which somebody waits; a query takes the service 5 s at most.
API_STORAGE_SECONDS: Final = 6.0
# A flood of anonymous requests for health reads the store once in this time.
HEALTH_KEPT: Final = timedelta(seconds=10)
# A read that takes longer is a store that does not answer; load balancers wait for seconds.
HEALTH_READ_SECONDS: Final = 3.0

# --- HTTP API: internal
# Rows of a search between two rests. So many take the thread that status and health need for some
# twenty milliseconds; requests for fewer cost nearly as much as their rows.
SEARCHED_AT_ONCE: Final = 500
# How long searches rest, in times of what the last rows took, and at most. Two thirds of the time
# stay for others, in this thread and in the storage.
SEARCH_REST: Final = 2
MAX_SEARCH_REST_SECONDS: Final = 1.0
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

# A person waits: a check that hangs must not keep the others from being seen.
DOCTOR_CHECK_SECONDS: Final = 60
# For all subscriptions; the app has ten minutes for each slice of an estate.
DOCTOR_READING_SECONDS: Final = 300
# For the keys that it tries, for the exemptions, and for the data stores.
DOCTOR_SAMPLE_SECONDS: Final = 60
# A right is granted for many vaults or subscriptions at once: a few show what is missing.
DOCTOR_SAMPLED: Final = 5

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
