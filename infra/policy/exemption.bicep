metadata name = 'cmk_check: an exemption of one account from the policy, until a day'
metadata description = 'Deploy it to the resource group of the account: az deployment group create. docs/exceptions.md explains when cmk_check honours it.'

@description('Required. Name of the account.')
param accountName string

@description('Required. Id of the assignment: the output CMK_POLICY_ASSIGNMENT_ID.')
param assignmentId string

@description('Required. When the exemption ends, in UTC, such as 2027-03-31T00:00:00Z.')
param expiresOn string

@description('Required. Why the account may be without a customer-managed key until then.')
@maxLength(512)
param reason string

@description('Optional. Waiver: the risk is accepted. Mitigated: the aim of the policy is met in another way.')
param category 'Mitigated' | 'Waiver' = 'Waiver'

@description('Optional. Who approved it.')
param approvedBy string?

@description('Optional. Where the approval is recorded.')
param ticket string?

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' existing = {
  name: accountName
}

resource exemption 'Microsoft.Authorization/policyExemptions@2025-12-01-preview' = {
  scope: account
  name: 'cmk-check-customer-keys'
  properties: {
    policyAssignmentId: assignmentId
    exemptionCategory: category
    expiresOn: expiresOn
    displayName: '${accountName} without a customer-managed key'
    description: reason
    metadata: {
      approvedBy: approvedBy
      ticketRef: ticket
    }
  }
}
