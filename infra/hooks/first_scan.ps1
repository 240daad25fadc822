#!/usr/bin/env pwsh
# Starts a scan after a deployment, waits for its end, and prints the posture and the page's address.
#
# azd runs it with the outputs of the template. To run it by hand, set AZURE_RESOURCE_GROUP,
# AZURE_FUNCTION_NAME, CMK_API_URL and CMK_PAGE_URL. It needs PowerShell 7, and az with a sign-in. It
# exits with 0 if the scan has a result.
#
# Where PowerShell 7 is missing, azd runs it with Windows PowerShell 5.1: this file must parse there too.
$ErrorActionPreference = 'Stop'
$pause = if ($env:PAUSE) { [double]$env:PAUSE } else { 10 } # seconds between two tries
$tries = if ($env:TRIES) { [int]$env:TRIES } else { 60 }

function Stop-Here([string]$why) {
    [Console]::Error.WriteLine("The first scan has no result: $why`nThe next scan starts on schedule.")
    exit 1
}

if ($PSVersionTable.PSVersion.Major -lt 7) {
    Stop-Here ("install PowerShell 7 (winget install Microsoft.PowerShell); this is version " +
        "$($PSVersionTable.PSVersion). Or run infra/hooks/first_scan.sh in WSL.")
}
foreach ($name in 'AZURE_RESOURCE_GROUP', 'AZURE_FUNCTION_NAME', 'CMK_API_URL', 'CMK_PAGE_URL') {
    if (-not [Environment]::GetEnvironmentVariable($name)) { Stop-Here "set $name." }
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Stop-Here 'install az.' }
if ($env:CMK_ENTRA_CLIENT_ID) {
    Stop-Here "with Entra sign-in no key can start a scan. Sign in at $env:CMK_PAGE_URL."
}

# Returns the key; or nothing, with the error of az in $output.
function Get-Key([string]$function) {
    $ErrorActionPreference = 'Continue' # output on standard error must not end this script
    $lines = az functionapp function keys list --resource-group $env:AZURE_RESOURCE_GROUP `
        --name $env:AZURE_FUNCTION_NAME --function-name $function --query default --output tsv `
        --only-show-errors 2>&1
    $script:output = "$($lines | Select-Object -Last 1)"
    if ($LASTEXITCODE -eq 0) { $script:output }
}

# Returns status, body and the last part of the Location header; or the error.
function Get-Answer([string]$method, [string]$url, [string]$key) {
    try {
        $answer = Invoke-WebRequest -Method $method -Uri $url -Headers @{ 'x-functions-key' = $key } `
            -TimeoutSec 60 -SkipHttpErrorCheck
        return @{
            Status = $answer.StatusCode
            Text   = "$($answer.StatusCode) $($answer.Content)"
            Goal   = "$($answer.Headers.Location)".Split('/')[-1]
            Body   = if ($answer.StatusCode -eq 200) { $answer.Content | ConvertFrom-Json }
        }
    }
    catch { return @{ Status = 0; Text = $_.Exception.Message } }
}

# A new app needs some minutes to load its functions, and a new role to become effective. The app starts
# at most one scan a minute.
function Start-Scan {
    $last = 'none'
    for ($try = 0; $try -lt $tries; $try++) {
        $start = Get-Key 'scan_now'
        if ($start) {
            $answer = Get-Answer 'Post' "$($env:CMK_API_URL -replace '/v1$', '')/scan" $start
            $last = $answer.Text
            if ($answer.Status -in 202, 409 -and $answer.Goal) { return $answer.Goal }
        }
        else { $last = "none, because az returned no key: $output" }
        Start-Sleep -Seconds $pause
    }
    Stop-Here "the app did not start a scan. Its last answer: $last"
}

function Wait-Scan([string]$scan) {
    for ($try = 0; $try -lt $tries; $try++) {
        Start-Sleep -Seconds $pause
        if (-not $script:read) { $script:read = Get-Key 'api' }
        $answer = Get-Answer 'Get' "$env:CMK_API_URL/scans/$scan" $script:read
        if ($answer.Body.state -and $answer.Body.state -ne 'running') { return $answer.Body }
    }
    Stop-Here "the scan did not end in time. Look at $env:CMK_PAGE_URL later."
}

# If the deployment itself granted the right to read, a scan that sees no subscription came too early.
$scans = if ($env:CMK_READ_OWN_SUBSCRIPTION -in $null, '', 'none') { 1 } else { 10 }
$read = $null
do {
    $scans--
    $id = Start-Scan
    Write-Output "Scan: $id"
    $scan = Wait-Scan $id
    $answer = Get-Answer 'Get' "$env:CMK_API_URL/status" $read
    $early = $scan.state -eq 'failed' -and $answer.Body.reasons.code -contains 'no_subscription_visible'
    if ($early -and $scans) { Write-Output 'The role of the app is not effective yet.' }
} while ($early -and $scans)

if ($scan.state -notin 'complete', 'incomplete') {
    Stop-Here "the state of the scan is $($scan.state): $($scan.reason)"
}

if (-not $answer.Body.posture) { Stop-Here "the status cannot be read: $($answer.Text)" }
Write-Output "The scan is $($scan.state)."
Write-Output "posture: $($answer.Body.posture)"
foreach ($reason in $answer.Body.reasons) { Write-Output "  $($reason.code): $($reason.message)" }
$counts = $answer.Body.subscriptions
if ($counts.total -eq 1 -and $counts.read -eq 1 -and -not $answer.Body.managementGroup) {
    Write-Output '1 subscription is read; others are not.'
}
else { Write-Output "Subscriptions read: $($counts.read) of $($counts.total)" }
if ($env:CMK_ALERT_RECEIVERS) { Write-Output "Alerts go to $env:CMK_ALERT_RECEIVERS" }
Write-Output "Page: $env:CMK_PAGE_URL"
Write-Output ("Read key for the page: az functionapp function keys list --resource-group $env:AZURE_RESOURCE_GROUP " +
    "--name $env:AZURE_FUNCTION_NAME --function-name api --query default --output tsv")
