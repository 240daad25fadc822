metadata description = 'Microsoft Sentinel analytics rules for the log lines of the app, and a function for hunting. docs/alerts.md describes both.'

import { changes, finished } from 'alerts.bicep'

@description('Required. Name of the workspace with Microsoft Sentinel.')
param workspaceName string

@description('Required. Id of the Application Insights component that writes the log lines into the workspace.')
param insightsId string

@description('Required. Id of the function app.')
param siteId string

@description('Required. Minutes until a result is stale.')
param maxAgeMinutes int

// The alert rules read the component, Sentinel reads the workspace: the same lines with other column names.
var traces = '''
let traces = AppTraces
    | extend arrived = coalesce(ingestion_time(), TimeGenerated)
    | project timestamp = TimeGenerated, message = Message, arrived;
'''
// Other apps may write into the workspace; their scans must not count as this app's.
var tracesOfApp = replace(traces, '| extend', '| where _ResourceId =~ "${insightsId}"\n    | extend')
var columns = '''
| project TimeGenerated = timestamp, Id = id, Number = tolong(change["number"]), Type = tostring(change["type"]),
    ResourceId = tostring(change["subject"]), Account = tostring(change["data"]["name"]),
    Subscription = tostring(change["data"]["subscriptionName"]), Owner = tostring(change["data"]["owner"]["value"]),
    Baseline = tobool(change["data"]["baseline"]), Was = tostring(change["data"]["before"]["reason"]),
    Reason = tostring(change["data"]["after"]["reason"]), KeyHealth = tostring(change["data"]["after"]["keyHealth"]),
    KeyReasons = strcat_array(change["data"]["after"]["keyReasons"], ", "),
    MissingAction = tostring(change["data"]["after"]["missingAction"]),
    Finding = tostring(change["data"]["findingUrl"]), Data = change["data"]
'''
var allChanges = 'traces\n${replace(changes, '| where tostring(change["type"]) in (TYPES)\n', '')}'
// Sentinel runs a rule five minutes after its scheduled time, over lines that were written until that time
// (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview, ingestion delay). Whether now() is the
// scheduled time or the later one is not documented. Twelve minutes are enough in both cases: these five, the
// five between two runs, and a minute each for one that is early and one that is late.
var news = '${tracesOfApp}${allChanges}| where arrived > ago(12m)\n${columns}| where not(Baseline) and '
// Alerts are grouped by owner; alerts without an owner form a separate group.
var owned = '\n| extend Owner = iff(isempty(Owner), "none", Owner)'

// A rule that looks back two days could run only once an hour.
var once = { frequency: 'PT5M', period: 'P1D' }
var byOwner = {
  customDetails: {
    Account: 'Account'
    Subscription: 'Subscription'
    Owner: 'Owner'
    Reason: 'Reason'
    Finding: 'Finding'
    ChangeId: 'Id'
  }
  groupBy: ['Owner']
}

var rules = [
  {
    name: 'account-violated'
    title: 'An Azure OpenAI account is not encrypted with a customer-managed key'
    severity: 'Medium'
    tactics: []
    query: '${news}Type == "cmkcheck.account.violated"${owned}'
    timing: once
    incident: byOwner
  }
  {
    name: 'key-broken'
    title: 'The key behind an Azure OpenAI account cannot be used'
    severity: 'High'
    tactics: ['Impact']
    query: '${news}Type == "cmkcheck.key.degraded" and KeyHealth == "broken"${owned}, Reason = KeyReasons'
    timing: once
    incident: byOwner
  }
  {
    name: 'coverage-lost'
    title: 'cmk_check can no longer read a subscription'
    severity: 'Low'
    tactics: ['DefenseEvasion']
    query: '${news}Type == "cmkcheck.coverage.lost"'
    timing: once
    incident: {
      customDetails: { Subscription: 'Subscription', Reason: 'Reason', MissingAction: 'MissingAction', ChangeId: 'Id' }
      groupBy: []
    }
  }
  {
    name: 'scan-missing'
    title: 'cmk_check has not finished a scan in the allowed time'
    severity: 'Medium'
    tactics: ['DefenseEvasion']
    query: '${tracesOfApp}${replace(finished, 'AGE', '${maxAgeMinutes}m')}| project TimeGenerated = now(), ResourceId = "${siteId}", Todo = todo'
    // Suppression avoids an alert every hour.
    timing: { frequency: 'PT1H', period: 'P2D', quiet: 'PT12H' }
    incident: { customDetails: { Todo: 'Todo' }, groupBy: [] }
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

// The same for each app that writes into the workspace.
resource function 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = {
  parent: workspace
  name: 'CmkCheckChanges'
  properties: {
    category: 'cmk_check'
    displayName: 'Changes that cmk_check has found'
    functionAlias: 'CmkCheckChanges'
    query: '${traces}${allChanges}${columns}'
    version: 2
  }
}

resource rule 'Microsoft.SecurityInsights/alertRules@2025-09-01' = [
  for one in rules: {
    scope: workspace
    name: guid(workspace.id, insightsId, one.name)
    kind: 'Scheduled'
    properties: {
      // Names must be unique in a workspace.
      displayName: '${one.title} (${last(split(siteId, '/'))})'
      description: '${one.title}. What to do: docs/operations.md of cmk_check.'
      enabled: true
      severity: one.severity
      tactics: one.tactics
      query: one.query
      queryFrequency: one.timing.frequency
      queryPeriod: one.timing.period
      triggerOperator: 'GreaterThan'
      triggerThreshold: 0
      suppressionEnabled: contains(one.timing, 'quiet')
      suppressionDuration: one.timing.?quiet ?? 'PT1H'
      eventGroupingSettings: { aggregationKind: 'AlertPerResult' }
      entityMappings: [
        { entityType: 'AzureResource', fieldMappings: [{ identifier: 'ResourceId', columnName: 'ResourceId' }] }
      ]
      customDetails: one.incident.customDetails
      incidentConfiguration: {
        createIncident: true
        groupingConfiguration: {
          enabled: true
          reopenClosedIncident: false
          lookbackDuration: 'P1D'
          matchingMethod: empty(one.incident.groupBy) ? 'AllEntities' : 'Selected'
          groupByEntities: []
          groupByAlertDetails: []
          groupByCustomDetails: one.incident.groupBy
        }
      }
    }
  }
]
