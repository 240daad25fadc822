metadata description = 'App Service Authentication in front of the app: Microsoft Entra ID, without a client secret.'

@export()
@minLength(36)
@maxLength(36)
type objectId = string

@description('Required. Name of the app.')
param siteName string

@description('Required. Client id of the app registration.')
param clientId string

@description('Required. Object ids of the groups that may sign in.')
param allowedGroupIds objectId[]

@description('Required. Object ids of the people and service principals that may sign in, in addition to the groups.')
param allowedObjectIds objectId[]

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName

  resource signIn 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      globalValidation: {
        requireAuthentication: true
        // Programs get a 401. The page contains no data, so everyone can load it; it offers the sign-in.
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
            // A principal needs to be in only one of these lists. The list of applications would be an
            // additional condition, and would exclude every program that it does not list.
            defaultAuthorizationPolicy: {
              allowedPrincipals: empty(concat(allowedGroupIds, allowedObjectIds))
                ? null
                : { groups: allowedGroupIds, identities: allowedObjectIds }
            }
          }
        }
      }
    }
  }
}
