metadata description = 'The alert rules and their receivers. docs/operations.md explains each alert and what to do.'

@description('Required. Region of the rules.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Name of the created action group.')
param actionGroupName string

@description('Required. Name of the rules; {rule} becomes the short name of each rule.')
param ruleName string

@description('Required. Name of the Application Insights component whose traces the rules read.')
param insightsName string

@description('Required. Name of the function app.')
param siteName string

@description('Required. Id of an existing action group; if empty, one is created.')
param existingActionGroupId string

@description('Required. E-mail addresses of the created action group.')
param emails string[]

@description('Required. Whether the workspace keeps the queries of the rules in a storage account that is linked to it.')
param inLinkedStorage bool

@description('Required. Minutes until a result is stale.')
param maxAgeMinutes int

@description('Required. Whether the whole subscription is watched for processing rules, or only the resource group.')
param watchSubscription bool

// Lines arrive late. If Azure did not note when, the time of writing counts.
var arrivals = 'traces\n| extend arrived = coalesce(ingestion_time(), timestamp)\n'
// A change is logged at least once, so lines are grouped by id.
@export()
var changes = '''
| where message startswith '{"event":"cmk.change"'
| extend change = parse_json(message)
| where tostring(change["type"]) in (TYPES)
| summarize timestamp = min(timestamp), arg_min(arrived, change) by id = tostring(change["id"])
'''
// The time between two evaluations, a minute each for one that is early and one that is late, and a minute
// between the time that Azure notes and the time at which the line can be read. A longer time repeats more
// alerts, a shorter one loses events: docs/decisions/0048-alerts-that-hold.md.
var recent = '| where arrived > ago(8m)\n'
var news = '${arrivals}${changes}${recent}'
// One alert (scan-baseline) covers everything that the first scan found, except broken keys.
var accounts = '''
| where not(tobool(change["data"]["baseline"]))
| project id, account = tostring(change["data"]["name"]),
    subscription = tostring(change["data"]["subscriptionName"]),
    owner = tostring(change["data"]["owner"]["value"]),
    reason = tostring(change["data"]["after"]["reason"]),
    finding = tostring(change["data"]["findingUrl"])
'''
// Two rules cover every change for the worse: "broken", and all others, such as a key that cannot be read.
var keys = '''
| where not(tobool(change["data"]["baseline"]))
| where tostring(change["data"]["after"]["keyHealth"]) OPERATOR "broken"
| project id, account = tostring(change["data"]["name"]),
    subscription = tostring(change["data"]["subscriptionName"]),
    owner = tostring(change["data"]["owner"]["value"]),
    reasons = strcat_array(change["data"]["after"]["keyReasons"], ", "),
    finding = tostring(change["data"]["findingUrl"])
'''
var degraded = '${replace(news, 'TYPES', '"cmkcheck.key.degraded"')}${keys}'
// The verdict does not show that a key is overdue, so the dates replace the reason.
var pastDue = replace(
  accounts,
  'reason = tostring(change["data"]["after"]["reason"])',
  'news = strcat("since ", tostring(change["data"]["since"]), ", due by ", tostring(change["data"]["dueAt"]))'
)
// An exception that expires soon has not ended, so it has no reason yet.
var exceptions = '''
| where not(tobool(change["data"]["baseline"]))
| extend why = tostring(change["data"]["ended"]), until = tostring(change["data"]["exception"]["expiresOn"])
| project id, account = tostring(change["data"]["name"]),
    subscription = tostring(change["data"]["subscriptionName"]),
    owner = tostring(change["data"]["owner"]["value"]),
    news = iff(isempty(why), strcat("expires on ", until), strcat("ended: ", why)),
    finding = tostring(change["data"]["findingUrl"])
'''
var coverage = '''
| project id, subscription = tostring(change["data"]["subscriptionName"]),
    path = tostring(change["subject"]), reason = tostring(change["data"]["after"]["reason"]),
    lacking = tostring(change["data"]["after"]["missingAction"])
'''
var firstScan = '''
| project id, total = tostring(change["data"]["accounts"]["total"]),
    nonCompliant = tostring(change["data"]["accounts"]["nonCompliant"]),
    unknown = tostring(change["data"]["accounts"]["unknown"]),
    unread = tostring(change["data"]["subscriptions"]["gap"]),
    brokenKeys = tostring(change["data"]["keys"]["broken"])
'''
// The change names as many broken keys as fit into a log line; scan-baseline counts all.
var firstKeys = '''
| mv-expand key = change["data"]["brokenKeys"]
| where isnotempty(key)
| project id, account = tostring(key["accountId"]),
    reasons = strcat_array(key["reasons"], ", "), finding = "PAGEVIEW"
'''
// No rule returns a time: Azure would count only the rows of the window of one evaluation. It would lose late
// events, and resolve a condition until the next scan.
// A failed scan is a change, and so is the first success after it, so the last of these changes counts.
var failing = '''
traces
| where message startswith '{"event":"cmk.change"'
| extend change = parse_json(message)
| where tostring(change["type"]) in ("cmkcheck.scan.recovered", TYPES)
| extend number = tolong(change["number"])
| summarize arg_max(number, change)
| where tostring(change["type"]) in (TYPES)
| project why = tostring(split(change["data"]["reason"], ":")[0])
'''
// A failed scan read nothing, so it does not show which subscriptions can be read.
var lastScan = '''
traces
| where message startswith '{"event":"cmk.scan"'
| extend ended = parse_json(message)
| where tostring(ended["state"]) in ("complete", "incomplete")
| summarize arg_max(timestamp, ended)
| where tostring(ended["state"]) == "incomplete"
| project gaps = toint(ended["subscriptions"]["gap"])
'''
// A summary of no lines is one row, so that missing scans raise the alert. An app that never scanned looks
// like one that has been silent for two days, so the alert says what to do about both.
@export()
var finished = '''
traces
| where message startswith '{"event":"cmk.scan"'
| extend ended = parse_json(message)
| summarize lines = count(), finished = countif(tostring(ended["state"]) in ("complete", "incomplete")
    and todatetime(ended["startedAt"]) > ago(AGE)), arg_max(timestamp, ended)
| where finished == 0
| project todo = case(
    lines == 0, "No scan was logged. If the app is new, upload its code: docs/deploy.md. Otherwise see docs/operations.md, Missing scans.",
    tostring(ended["reason"]) startswith "The app's identity cannot see any subscription", "Grant the app the right to read: docs/deploy.md, Let it read the estate.",
    tostring(ended["reason"]) startswith "The tables contain rows from an early build", "Delete the tables: docs/upgrade.md, From an early build.",
    tostring(ended["state"]) == "failed", "Scans fail: docs/operations.md, Scans that fail.",
    "docs/operations.md, Missing scans.")
'''
// The alert ends when the timer starts a scan again.
var overdue = '''
traces
| where message startswith '{"event":"cmk.scan"'
| extend ended = parse_json(message)
| where tostring(ended["trigger"]) == "timer"
| summarize arg_max(timestamp, ended)
| where tobool(ended["overdue"])
| project todo = "docs/operations.md, A timer that has stopped."
'''
// The last number identifies the tries of a range of changes, because it stays the same. Each of several
// routes has separate tries.
var refused = '''
traces
| where message startswith '{"event":"cmk.tell"'
| extend delivery = parse_json(message)
| extend refused = iff(tostring(delivery["state"]) == "retry", timestamp, datetime(null))
| summarize since = min(refused), arg_max(timestamp, delivery)
    by number = tolong(delivery["last"]), route = tostring(delivery["route"])
| where tostring(delivery["state"]) == "retry" and since < ago(1h)
| project number, route
'''
// The watch logs each change of its state, and once an hour that it is still blind.
var blind = '''
traces
| where message startswith '{"event":"cmk.watch"'
| extend watch = parse_json(message)
| summarize arg_max(timestamp, watch)
| where tostring(watch["state"]) == "blind" and todatetime(watch["since"]) < ago(1h)
| project why = tostring(watch["reason"]), lacking = tostring(watch["missingAction"])
'''
// The feed or a queue refuses changes, so no other rule sees them. An unreadable change has no time.
var unpublished = '''
traces
| where message startswith '{"event":"cmk.scan"'
| extend ended = parse_json(message)
| summarize arg_max(timestamp, ended)
| extend since = todatetime(ended["unpublished"]["since"])
| where toint(ended["unpublished"]["changes"]) > 0 and (isnull(since) or since < ago(30m))
| project todo = "docs/operations.md, Changes that are not published."
'''
// The host logs messages that failed too often; the app logs alerts that the webhook refused for a day.
var poison = '''
| where message has "MaxDequeueCount" or message startswith '{"event":"cmk.tell"'
| extend delivery = parse_json(message)
| where message has "MaxDequeueCount" or tostring(delivery["state"]) == "given_up"
| project message
'''

// For events: one alert each, or two. Stateful rules would report as resolved what persists. The time range
// covers late lines, and the first of the lines with one id.
var once = {
  evaluationFrequency: 'PT5M'
  windowSize: 'PT5M'
  overrideQueryTimeRange: 'P2D'
  autoMitigate: false
}
// For conditions: an alert when one begins, and another when it has ended.
var whileItLasts = {
  evaluationFrequency: 'PT15M'
  windowSize: 'PT15M'
  overrideQueryTimeRange: 'P2D'
  autoMitigate: true
}

var rules = [
  {
    name: 'account-violated'
    title: 'An account is not encrypted with a customer-managed key'
    severity: 1
    query: '${replace(news, 'TYPES', '"cmkcheck.account.violated"')}${accounts}'
    dimensions: ['id', 'account', 'subscription', 'owner', 'reason', 'finding']
    many: 'accounts'
    view: '#verdict=non_compliant'
    timing: once
  }
  {
    name: 'account-unverifiable'
    title: 'An account could not be judged'
    severity: 2
    query: '${replace(news, 'TYPES', '"cmkcheck.account.unverifiable"')}${accounts}'
    dimensions: ['id', 'account', 'subscription', 'owner', 'reason', 'finding']
    many: 'accounts'
    view: '#verdict=unknown'
    timing: once
  }
  {
    name: 'key-broken'
    title: 'The key behind an account cannot be used'
    severity: 1
    query: replace(degraded, 'OPERATOR', '==')
    dimensions: ['id', 'account', 'subscription', 'owner', 'reasons', 'finding']
    many: 'accounts'
    view: '#keyHealth=broken'
    timing: once
  }
  {
    name: 'key-degraded'
    title: 'The key behind an account is at risk or could not be checked'
    severity: 2
    query: replace(degraded, 'OPERATOR', '!=')
    dimensions: ['id', 'account', 'subscription', 'owner', 'reasons', 'finding']
    many: 'accounts'
    timing: once
  }
  {
    name: 'exception-ending'
    title: 'An accepted violation expires soon or is no longer accepted'
    severity: 2
    query: '${replace(news, 'TYPES', '"cmkcheck.exception.expiring", "cmkcheck.exception.ended"')}${exceptions}'
    dimensions: ['id', 'account', 'subscription', 'owner', 'news', 'finding']
    many: 'accounts'
    timing: once
  }
  {
    name: 'account-overdue'
    title: 'An account was not fixed by its due date'
    severity: 2
    query: '${replace(news, 'TYPES', '"cmkcheck.account.overdue"')}${pastDue}'
    dimensions: ['id', 'account', 'subscription', 'owner', 'news', 'finding']
    many: 'accounts'
    view: '#due=overdue'
    timing: once
  }
  {
    name: 'coverage-lost'
    title: 'A subscription can no longer be read'
    severity: 2
    query: '${replace(news, 'TYPES', '"cmkcheck.coverage.lost"')}${coverage}'
    dimensions: ['id', 'subscription', 'reason', 'lacking', 'path']
    many: 'subscriptions'
    timing: once
  }
  {
    name: 'scan-baseline'
    title: 'The first scan has finished'
    severity: 3
    query: '${replace(news, 'TYPES', '"cmkcheck.scan.baseline"')}${firstScan}'
    dimensions: ['id', 'total', 'nonCompliant', 'unknown', 'unread', 'brokenKeys']
    timing: once
  }
  {
    name: 'baseline-key-broken'
    title: 'The first scan found a key that cannot be used'
    severity: 1
    query: '${replace(news, 'TYPES', '"cmkcheck.scan.baseline"')}${firstKeys}'
    dimensions: ['id', 'account', 'reasons', 'finding']
    many: 'accounts'
    view: '#keyHealth=broken'
    timing: once
  }
  {
    name: 'scan-failed'
    title: 'Scans fail or are abandoned'
    severity: 2
    query: replace(failing, 'TYPES', '"cmkcheck.scan.failed", "cmkcheck.scan.abandoned"')
    dimensions: ['why']
    timing: whileItLasts
  }
  {
    name: 'scan-incomplete'
    title: 'Subscriptions could not be read'
    severity: 3
    query: lastScan
    dimensions: []
    timing: whileItLasts
  }
  {
    name: 'scan-missing'
    title: 'No scan has finished in the allowed time'
    severity: 1
    query: replace(finished, 'AGE', '${maxAgeMinutes}m')
    dimensions: ['todo']
    timing: whileItLasts
  }
  {
    name: 'timer-stopped'
    title: 'The timer has stopped; the second clock starts the scans'
    severity: 2
    query: overdue
    dimensions: ['todo']
    timing: whileItLasts
  }
  {
    name: 'webhook-failing'
    title: 'The webhook has not accepted an alert for an hour'
    severity: 2
    query: refused
    dimensions: []
    timing: whileItLasts
  }
  {
    name: 'watch-blind'
    title: 'The watch for changes has been blind for an hour'
    severity: 3
    query: blind
    dimensions: ['why', 'lacking']
    timing: whileItLasts
  }
  {
    name: 'message-given-up'
    title: 'A message failed too often and was given up'
    severity: 2
    query: '${arrivals}${recent}${poison}'
    dimensions: []
    timing: once
  }
  {
    name: 'changes-unpublished'
    title: 'Recorded changes have not been published for more than 30 minutes'
    severity: 1
    query: unpublished
    dimensions: ['todo']
    timing: whileItLasts
  }
]

// Azure sends an address at most 100 mails an hour, over all rules
// (https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits, action groups): one cause that
// changes hundreds of accounts must not block the mail about a broken key. If there are more rows than this,
// all get the same dimensions and so share one alert: the count, a link, and common values, else "several".
var mostRows = 20
var bounded = '''
let rows = ROWS;
let many = toscalar(rows | count);
rows
| extend COLUMNS
'''
var numbered = 'COLUMN = iff(many > ${mostRows}, strcat(many, " MANY"), COLUMN)'
var linked = 'COLUMN = iff(many > ${mostRows}, "PAGEVIEW", COLUMN)'
var shared = 'COLUMN = iff(many > ${mostRows}, iff(toscalar(rows | summarize dcount(COLUMN)) == 1, COLUMN, "several"), COLUMN)'
// The second dimension has the count, the last one the link.
var extended = map(
  rules,
  one =>
    join(
      map(
        one.dimensions,
        (column, i) => replace(i == 1 ? numbered : i == length(one.dimensions) - 1 ? linked : shared, 'COLUMN', column)
      ),
      ',\n    '
    )
)
var queries = map(
  rules,
  (one, i) =>
    contains(one, 'many')
      ? replace(
          replace(replace(replace(bounded, 'ROWS', trim(one.query)), 'COLUMNS', extended[i]), 'MANY', any(one).many),
          'VIEW',
          any(one).?view ?? ''
        )
      : one.query
)

var actionGroupId = empty(existingActionGroupId) ? actionGroup.id : existingActionGroupId

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (empty(existingActionGroupId)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'cmk_check'
    emailReceivers: [
      for (email, i) in emails: {
        name: 'email-${i}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for (one, i) in rules: {
    name: replace(ruleName, '{rule}', one.name)
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: one.title
      description: '${one.title}. What to do: docs/operations.md.'
      severity: one.severity
      enabled: true
      scopes: [insights.id]
      evaluationFrequency: one.timing.evaluationFrequency
      windowSize: one.timing.windowSize
      overrideQueryTimeRange: one.timing.overrideQueryTimeRange
      autoMitigate: one.timing.autoMitigate
      // At the first deployment nothing has been logged yet, so the columns are not known.
      skipQueryValidation: true
      checkWorkspaceAlertsStorageConfigured: inLinkedStorage
      criteria: {
        allOf: [
          {
            query: replace(queries[i], 'PAGE', 'https://${site.properties.defaultHostName}/api/dashboard')
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: map(one.dimensions, column => { name: column, operator: 'Include', values: ['*'] })
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [actionGroupId] }
    }
  }
]

resource errors 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: replace(ruleName, '{rule}', 'api-errors')
  location: 'global'
  tags: tags
  properties: {
    description: 'The API returns server errors. What to do: docs/operations.md.'
    severity: 3
    enabled: true
    scopes: [site.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'errors'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'Http5xx'
          metricNamespace: 'Microsoft.Web/sites'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Total'
        }
      ]
    }
    actions: [{ actionGroupId: actionGroupId }]
  }
}

// A person who silences a rule should not be the only one to know. The conditions here cannot distinguish
// switching off from other updates, so every change of a rule or a receiver raises an alert. An alert rule
// sees one subscription: an action group in another one is not watched.
var isGroupHere = startsWith(toLower(existingActionGroupId), toLower('${subscription().id}/'))
// They can mute every alert of their subscription, from any of its resource groups. The template writes none.
var processingRules = ['Microsoft.AlertsManagement/actionRules']
var ownTypes = [
  'Microsoft.Insights/scheduledQueryRules'
  'Microsoft.Insights/metricAlerts'
  'Microsoft.Insights/activityLogAlerts'
  'Microsoft.Insights/actionGroups'
]
var watches = concat(
  [
    {
      name: 'alerts-changed'
      description: 'An alert rule or its receivers were changed, disabled or deleted.'
      scopes: concat([resourceGroup().id], isGroupHere ? [existingActionGroupId] : [])
      types: concat(ownTypes, watchSubscription ? [] : processingRules)
      // Azure disables a rule whose query has failed for a week
      // (https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log).
      further: ['Microsoft.Insights/scheduledQueryRules/disable/action']
    }
  ],
  watchSubscription
    ? [
        {
          name: 'alerts-muted'
          description: 'A processing rule, which can mute alerts, was changed or deleted in the subscription.'
          scopes: [subscription().id]
          types: processingRules
          further: []
        }
      ]
    : []
)

resource changed 'Microsoft.Insights/activityLogAlerts@2026-01-01' = [
  for one in watches: {
    name: replace(ruleName, '{rule}', one.name)
    location: 'global'
    tags: tags
    properties: {
      description: '${one.description} What to do: docs/operations.md.'
      enabled: true
      scopes: one.scopes
      condition: {
        allOf: [
          { field: 'category', equals: 'Administrative' }
          { field: 'status', equals: 'Succeeded' }
          {
            anyOf: map(
              concat(flatten(map(one.types, type => ['${type}/write', '${type}/delete'])), one.further),
              operation => { field: 'operationName', equals: operation }
            )
          }
        ]
      }
      actions: { actionGroups: [{ actionGroupId: actionGroupId }] }
    }
  }
]
