metadata description = 'App Service Authentication in front of the app: Microsoft Entra ID, without a client secret.'

@description('Required. Name of the app.')
param siteName string

@description('Required. Client id of the app registration.')
param clientId string

@description('Required. Object ids of the groups that may sign in.')
param allowedGroupIds string[]

@description('Required. Client ids of the programs that may sign in.')
param allowedClientIds string[]

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName

  resource signIn 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      globalValidation: {
        requireAuthentication: true
        // Programs get a status they understand; the page, which holds no data, offers the sign-in.
        unauthenticatedClientAction: 'Return401'
        excludedPaths: ['/api/health', '/api/dashboard', '/api/dashboard/*']
      }
      httpSettings: { requireHttps: true }
      login: { tokenStore: { enabled: false } }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: clientId
            clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: [clientId, 'api://${clientId}']
            defaultAuthorizationPolicy: {
              allowedApplications: empty(allowedClientIds) ? null : union([clientId], allowedClientIds)
              allowedPrincipals: empty(allowedGroupIds) ? null : { groups: allowedGroupIds }
            }
          }
        }
      }
    }
  }
}
