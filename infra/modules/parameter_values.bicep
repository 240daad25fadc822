metadata description = 'Checks single parameters, as far as their text alone shows that Azure or the app will not accept them.'

// The types of existing resources, by the parameter with the id.
var typesOfIds = {
  appSubnetId: 'Microsoft.Network/virtualNetworks/*/subnets/*'
  endpointSubnetId: 'Microsoft.Network/virtualNetworks/*/subnets/*'
  existingActionGroupId: 'Microsoft.Insights/actionGroups/*'
  existingWorkspaceId: 'Microsoft.OperationalInsights/workspaces/*'
  privateDnsZoneIds: 'Microsoft.Network/privateDnsZones/*'
  privateLinkScopeId: 'Microsoft.Insights/privateLinkScopes/*'
  routeTableId: 'Microsoft.Network/routeTables/*'
  storageKeyIdentityId: 'Microsoft.ManagedIdentity/userAssignedIdentities/*'
}

func patternOf(parameter string) string => '/subscriptions/*/resourceGroups/*/providers/${typesOfIds[parameter]}'

func isIn(text string, characters string) bool =>
  empty(filter(range(0, length(text)), i => !contains(characters, substring(text, i, 1))))

// Seconds come first, and may be left out.
func fieldsOf(schedule string) string[] => split(length(split(schedule, ' ')) == 5 ? '0 ${schedule}' : schedule, ' ')

// Only the last two fields may contain names.
func isSchedule(text string) bool =>
  length(fieldsOf(text)) == 6 && !contains(fieldsOf(text), '') && isIn(
    join(take(fieldsOf(text), 4), ''),
    '0123456789*,-/'
  )

// At least this long is the longest pause that a field leaves. A turn is the number of values of the field.
func leastPause(field string, turn int) int =>
  contains(field, '/')
    ? min(int(last(split(field, '/'))), turn)
    : contains(field, ',')
        ? (contains(field, '-') ? 1 : turn / length(split(field, ',')))
        : contains(field, '-')
            ? turn - max(map(split(field, '-'), text => int(text))) + min(map(split(field, '-'), text => int(text)))
            : field == '*' ? 1 : turn

// With several minutes in an hour, the last scan of one hour is up to 59 minutes later than the first.
func leastMinutes(fields string[]) int =>
  fields[2] == '*'
    ? leastPause(fields[1], 60)
    : leastPause(fields[2], 24) * 60 - (isIn(fields[1], '0123456789') ? 0 : 59)

func leastMinutesOf(schedule string) int => isSchedule(schedule) ? leastMinutes(fieldsOf(schedule)) : 0

func isSecretUri(text string) bool => startsWith(toLower(text), 'https://') && contains(toLower(text), '/secrets/')

func isLike(id string, pattern string) bool =>
  length(split(id, '/')) != length(split(pattern, '/'))
    ? false
    : empty(filter(
        range(0, length(split(id, '/'))),
        i =>
          split(pattern, '/')[i] == '*'
            ? empty(split(id, '/')[i])
            : toLower(split(id, '/')[i]) != toLower(split(pattern, '/')[i])
      ))

func wrongSchedules(scan string, watch string, digest string, maxAgeMinutes int) string[] => [
  isSchedule(scan)
    ? ''
    : 'scanSchedule must be an NCRONTAB expression with six fields, seconds first, such as "0 0 * * * *" for every hour.'
  watch == 'off' || isSchedule(watch)
    ? ''
    : 'watchSchedule must be "off", or an NCRONTAB expression with six fields, seconds first, such as "0 1/2 * * * *" for every two minutes.'
  maxAgeMinutes < leastMinutesOf(scan)
    ? 'maxAgeMinutes is ${maxAgeMinutes}, but scanSchedule leaves ${leastMinutesOf(scan)} minutes or more between two scans: raise maxAgeMinutes above that, or scan more often; otherwise results become stale before each scan.'
    : ''
  digest == 'off' || isSchedule(digest)
    ? ''
    : 'digestSchedule must be "off", or an NCRONTAB expression with six fields, seconds first, such as "0 0 8 * * 1" for every Monday at 8:00.'
]

func wrongSecretUris(uris { key: string, value: string }[]) string[] =>
  map(
    filter(uris, one => !empty(one.value) && !isSecretUri(one.value)),
    one => '${one.key} must be the address of a Key Vault secret: copy its secret identifier, https://.../secrets/...'
  )

func wrongIds(ids { key: string, value: string }[]) string[] =>
  map(
    filter(ids, one => !empty(one.value) && !isLike(one.value, patternOf(one.key))),
    one => '${one.key} must be the id of an existing resource, like ${patternOf(one.key)}.'
  )

func wrongKinds(kinds string) string =>
  empty(filter(split(kinds, ','), kind => contains(loadJsonContent('kinds.json'), toLower(trim(kind)))))
    ? 'CMK_KINDS in settings must name at least one kind of account that the app knows, such as OpenAI,AIServices.'
    : ''

@description('Returns a sentence for each value that is wrong by itself. The values are those of contradictions.')
@export()
func wrongValues(given object) string[] =>
  concat(
    wrongSchedules(given.scanSchedule, given.watchSchedule, given.digestSchedule, given.maxAgeMinutes),
    wrongSecretUris(concat(
      items({
        webhookUrlSecretUri: given.webhookUrlSecretUri
        webhookSigningSecretUri: given.webhookSigningSecretUri
      }),
      flatten(map(items(given.routeSecretUris), route => [
        { key: 'routeSecretUris.${route.key}.url', value: route.value.url }
        { key: 'routeSecretUris.${route.key}.secret', value: route.value.?secret ?? '' }
      ]))
    )),
    wrongIds(concat(
      items({
        appSubnetId: given.appSubnetId
        endpointSubnetId: given.endpointSubnetId
        existingActionGroupId: given.existingActionGroupId
        existingWorkspaceId: given.existingWorkspaceId
        privateLinkScopeId: given.privateLinkScopeId
        routeTableId: given.routeTableId
        storageKeyIdentityId: given.storageKey[0]
      }),
      map(items(given.?privateDnsZoneIds ?? {}), zone => { key: 'privateDnsZoneIds', value: zone.value ?? '' })
    )),
    [wrongKinds(given.settings.?CMK_KINDS ?? 'OpenAI')]
  )
