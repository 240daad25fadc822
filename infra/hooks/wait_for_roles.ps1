#!/usr/bin/env pwsh
# Waits until the newest role of the app is two minutes old. A first deployment uploads the code right
# after the roles were granted, and the upload fails with 403 until the role on the storage is effective
# (https://github.com/Azure/azure-dev/issues/8026). It never waits longer, and never fails a deployment.
#
# azd runs it with the outputs of the template. It needs az with a sign-in.
$pause = 10 # seconds between two tries
for ($tries = 12; $tries -ge 0; $tries--) {
    $then = (Get-Date).ToUniversalTime().AddMinutes(-2).ToString('yyyy-MM-ddTHH:mm:ss')
    $new = az role assignment list --all --assignee "$env:CMK_IDENTITY_PRINCIPAL_ID" `
        --query "length([?createdOn > '$then'])" --output tsv --only-show-errors
    if ($LASTEXITCODE -ne 0 -or "$new" -eq '0') { exit 0 }
    Write-Output "Waiting until new roles are effective: $($tries * $pause) seconds more at most"
    Start-Sleep -Seconds $pause
}
