metadata name = 'cmk_check: a policy against accounts without a customer-managed key, at a management group'
metadata description = 'Deploy it to the management group: az deployment mg create. docs/azure-policy.md explains each effect.'

targetScope = 'managementGroup'

import { definition, effects, message, name, title } from 'shared.bicep'

@description('Optional. Audit reports accounts without a customer-managed key. Deny also refuses requests that create or update one. Disabled does nothing.')
param effect effects = 'Audit'

resource policy 'Microsoft.Authorization/policyDefinitions@2025-03-01' = {
  name: name
  properties: definition
}

resource assignment 'Microsoft.Authorization/policyAssignments@2025-03-01' = {
  name: name
  properties: {
    displayName: title
    policyDefinitionId: policy.id
    parameters: {
      effect: {
        value: effect
      }
    }
    nonComplianceMessages: [
      {
        message: message
      }
    ]
  }
}

@description('Id of the assignment, for exemption.bicep.')
output CMK_POLICY_ASSIGNMENT_ID string = assignment.id
