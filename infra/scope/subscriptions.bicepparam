using 'subscriptions.bicep'

param principalId = readEnvironmentVariable('CMK_IDENTITY_PRINCIPAL_ID')
// Comma-separated.
param subscriptionIds = map(split(readEnvironmentVariable('CMK_SUBSCRIPTION_IDS'), ','), id => trim(id))
