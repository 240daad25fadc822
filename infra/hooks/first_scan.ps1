#!/usr/bin/env pwsh
# Starts a scan after a deployment, waits for its end, and prints the posture and where the page is.
#
# azd runs it with what the template puts out. By hand: set AZURE_RESOURCE_GROUP, AZURE_FUNCTION_NAME,
# CMK_API_URL and CMK_PAGE_URL. It needs az, signed in. Exit code 0: there is an answer.
$ErrorActionPreference = 'Stop'
$pause = if ($env:PAUSE) { [double]$env:PAUSE } else { 10 } # seconds between two tries
$tries = if ($env:TRIES) { [int]$env:TRIES } else { 60 }

function Stop-Here([string]$why) {
    [Console]::Error.WriteLine("No first scan: $why`nThe next one comes with the schedule.")
    exit 1
}

foreach ($name in 'AZURE_RESOURCE_GROUP', 'AZURE_FUNCTION_NAME', 'CMK_API_URL', 'CMK_PAGE_URL') {
    if (-not [Environment]::GetEnvironmentVariable($name)) { Stop-Here "$name is not set." }
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Stop-Here 'az is not installed.' }
if ($env:CMK_ENTRA_CLIENT_ID) { Stop-Here "people and programs sign in. Sign in at $env:CMK_PAGE_URL." }

# The key; or nothing, and what az says in $said.
function Get-Key([string]$function) {
    $ErrorActionPreference = 'Continue' # what a program writes on standard error is no end of this one
    $lines = az functionapp function keys list --resource-group $env:AZURE_RESOURCE_GROUP `
        --name $env:AZURE_FUNCTION_NAME --function-name $function --query default --output tsv `
        --only-show-errors 2>&1
    $script:said = "$($lines | Select-Object -Last 1)"
    if ($LASTEXITCODE -eq 0) { $script:said }
}

# Status, body, and the last part of where the answer leads; or why there is none.
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

# A new app finds its functions, and a new role is heeded, only after some minutes.
$scan = $null
$last = 'none'
for ($try = 0; -not $scan; $try++) {
    if ($try -ge $tries) { Stop-Here "the app did not start one. Its last answer: $last" }
    $start = Get-Key 'scan_now'
    if ($start) {
        $answer = Get-Answer 'Post' "$($env:CMK_API_URL -replace '/v1$', '')/scan" $start
        $last = $answer.Text
        if ($answer.Status -in 202, 409) { $scan = $answer.Goal }
    }
    else { $last = "none, and no key: $said" }
    if (-not $scan) { Start-Sleep -Seconds $pause }
}
Write-Output "The scan: $scan"

$read = $null
$state = 'running'
for ($try = 0; $state -eq 'running'; $try++) {
    if ($try -ge $tries) { Stop-Here "no end of it was seen. Look at $env:CMK_PAGE_URL later." }
    Start-Sleep -Seconds $pause
    if (-not $read) { $read = Get-Key 'api' }
    $answer = Get-Answer 'Get' "$env:CMK_API_URL/scans/$scan" $read
    if ($answer.Body.state) { $state = $answer.Body.state }
}

if ($state -notin 'complete', 'incomplete') {
    Stop-Here "the scan is ${state}: $($answer.Body.reason)"
}

$answer = Get-Answer 'Get' "$env:CMK_API_URL/status" $read
if (-not $answer.Body.posture) { Stop-Here "its outcome cannot be read: $($answer.Text)" }
Write-Output "The scan is $state."
Write-Output "posture: $($answer.Body.posture)"
foreach ($reason in $answer.Body.reasons) { Write-Output "  $($reason.code): $($reason.message)" }
Write-Output "The page: $env:CMK_PAGE_URL"
Write-Output ("Its key: az functionapp function keys list --resource-group $env:AZURE_RESOURCE_GROUP " +
    "--name $env:AZURE_FUNCTION_NAME --function-name api --query default --output tsv")
