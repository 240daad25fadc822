using 'management_group.bicep'

param principalId = readEnvironmentVariable('CMK_IDENTITY_PRINCIPAL_ID')
