# The Terraform of plans, which terraform.py assembles: shared parts, then one part for each step. A
# part follows its name in brackets, and @name@ is replaced with a part or value. Lines that start
# with two number signs are left out of files.
#
# Arguments: the documentation and source of the provider azurerm 5.2 (August 2026).

## [head]
# Encrypts an account with a customer-managed key, or keeps it so, with Terraform.
# For Terraform 1.5 or newer and azurerm 4.56 to 5.x. Nobody has tried it on Azure yet.
#
# A. Terraform already manages this account. Then this file must not set its key, because two
#    resources that set one key undo each other. Copy everything except "terraform", "provider",
#    "import" and the last resource to the account's configuration, and add this to the account's
#    resource azurerm_cognitive_account:
#
@block@
#
#    Also set purge_soft_delete_on_destroy as in the provider below: by default, azurerm purges an
#    account that it deletes or replaces.
#
# B. Terraform does not manage this account. Then this file is a root module. Its last resource
#    changes only the account's encryption. Destroying that resource puts Microsoft's key back.
#
#      terraform init
#      terraform apply -var account_is_outside_terraform=true
#
# Whoever applies it needs the role Key Vault Crypto Officer on the vault, beside the roles for the
# account, the vault and the grant.
#
# Read this first:

## [block]
#      customer_managed_key {
#        key_vault_key_id   = @key_id@
#        identity_client_id = @client_id@
#      }
#      depends_on = [@waits@]
#      lifecycle {
#        prevent_destroy = true
#      }

## [provider]
terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.56, < 6.0"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.9"
    }
  }
}

provider "azurerm" {
  subscription_id = @vault_subscription@
  features {
    cognitive_account {
      purge_soft_delete_on_destroy = false
    }
    key_vault {
      purge_soft_delete_on_destroy       = false
      purge_soft_deleted_keys_on_destroy = false
    }
  }
}

variable "account_is_outside_terraform" {
  type        = bool
  description = "Set it to true if no Terraform configuration manages the account: see A and B."
  validation {
    condition     = var.account_is_outside_terraform
    error_message = "Add the key to the configuration that manages the account: see A."
  }
}

## [variable_principal_id]
# principalId in: az cognitiveservices account show @account_options@ --query identity
variable "principal_id" {
  type        = string
  description = "Object id of the account's identity that uses the key."
}

## [variable_client_id]
# clientId, of the same identity, in the output of that command.
variable "client_id" {
  type        = string
  description = "Client id of the account's user-assigned identity that uses the key."
}

## [variable_vault_id]
variable "vault_id" {
  type        = string
  description = "ARM id of the existing vault, from az keyvault show --query id."
}

## [variable_key_id]
variable "key_id" {
  type        = string
  description = "URI of the key without its version, as the vault shows it."
}

## [variable_tenant_id]
variable "tenant_id" {
  type        = string
  description = "Tenant of the account's subscription, from az account show --query tenantId."
}

## [variable_location]
variable "location" {
  type        = string
  description = "Region of the account, which must be the vault's region."
}

## [variable_uses_policies]
variable "uses_policies" {
  type        = bool
  description = "Whether the vault uses access policies instead of roles."
  default     = false
}

## [variable_key_exists]
variable "key_exists" {
  type        = bool
  description = "Whether the vault already has the key. An existing key is used and not changed."
  default     = @key_exists@
}

## [sign_in]
# Sign in with az login, in the tenant of the account.

## [assign_identity]
# Terraform cannot give an identity to an account that it does not manage. In case B, run:
#   az cognitiveservices account identity assign @account_options@
# In case A, add this block to the account and apply it before the rest:
#   identity {
#     type = "SystemAssigned"
#   }

## [create_vault]
resource "azurerm_key_vault" "cmk" {
  name                       = @vault@
  resource_group_name        = @vault_group@
  location                   = @location@
  tenant_id                  = @tenant_id@
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  soft_delete_retention_days = @retention_days@
  purge_protection_enabled   = true
  lifecycle {
    prevent_destroy = true
  }
}

## [check_vault]
# Terraform does not check an existing vault. It must be in the account's region and tenant, have
# purge protection, and let trusted Microsoft services through its firewall.

## [create_key]
resource "azurerm_key_vault_key" "cmk" {@key_count@
  name         = @key@
  key_vault_id = @vault_id@
  key_type     = "RSA"
  key_size     = @key_size@
  key_opts     = ["unwrapKey", "wrapKey"]
  rotation_policy {
    automatic {
      time_after_creation = "P1Y"
    }
    expire_after         = "P2Y"
    notify_before_expiry = "P30D"
  }
  lifecycle {
    prevent_destroy = true
  }
}

@existing_key@

## [existing_key]
data "azurerm_key_vault_key" "cmk" {
  count        = var.key_exists ? 1 : 0
  name         = @key@
  key_vault_id = @vault_id@
}

locals {
  key_id = one(concat(
    azurerm_key_vault_key.cmk[*].versionless_id,
    data.azurerm_key_vault_key.cmk[*].versionless_id,
  ))
  key_scope = one(concat(
    azurerm_key_vault_key.cmk[*].resource_versionless_id,
    data.azurerm_key_vault_key.cmk[*].resource_versionless_id,
  ))
}

## [grant]
# The role reads, wraps and unwraps with this one key. For kind AIServices, Microsoft's page names
# Key Vault Crypto User, which can do more; that this narrower role is enough there is not proven.
resource "azurerm_role_assignment" "cmk" {@role_count@
  scope                            = @key_scope@
  role_definition_name             = "Key Vault Crypto Service Encryption User"
  principal_id                     = @principal_id@
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
}

@access_policy@

## [access_policy]
resource "azurerm_key_vault_access_policy" "cmk" {
  count           = var.uses_policies ? 1 : 0
  key_vault_id    = @vault_id@
  tenant_id       = @tenant_id@
  object_id       = @principal_id@
  key_permissions = ["Get", "UnwrapKey", "WrapKey"]
}

## [wait]
# If Azure still rejects the key after this, apply again.
resource "time_sleep" "grant" {
  create_duration = "300s"
  depends_on      = [@grants@]
}

## [switch_on]
@encryption@

## [encryption]
resource "azurerm_cognitive_account_customer_managed_key" "cmk" {
  cognitive_account_id = @account_id@
  key_vault_key_id     = @key_id@
  identity_client_id   = @client_id@
  depends_on           = [@waits@]
  lifecycle {
    prevent_destroy = true
  }
}

@import@

## [import]
# The account already names a vault, so this adopts what it has. If the import fails because no key
# is named, run the script for the command az instead, and then apply this file.
import {
  to = azurerm_cognitive_account_customer_managed_key.cmk
  id = @account_id@
}

## [verify]
# This must show the key:
#   az cognitiveservices account show @account_options@ --query properties.encryption

## [find_key]
# Sign in with az login, in the tenant of the account.

## [replace_key]
# Sign in with az login, in the tenant of the account. The resource below replaces the key.

## [replace_blocked_key]
# Sign in with az login, in the tenant of the account. The resource below replaces the key.

## [recover_vault]
# Terraform recovers a deleted vault only if its configuration has it as azurerm_key_vault. If it
# does, apply that configuration; otherwise use the script or the portal for this step.

## [recover_key]
# Terraform recovers a deleted key only if its configuration has it as azurerm_key_vault_key. If it
# does, apply that configuration; otherwise use the script or the portal for this step.

## [enable_key]
# azurerm_key_vault_key cannot enable a version. Use the script or the portal for this step.

## [start_key]
# If Terraform manages the key, change not_before_date in azurerm_key_vault_key. Otherwise use the
# script or the portal for this step.

## [permit_wrapping]
# If Terraform manages the key, add "unwrapKey" and "wrapKey" to key_opts in azurerm_key_vault_key.
# Otherwise use the script or the portal for this step.

## [restore_identity]
@assign_identity@

## [grant_again]
@grant@

## [open_firewall]
# If Terraform manages the vault, set bypass = "AzureServices" in network_acls of azurerm_key_vault.
# Otherwise use the script or the portal for this step.

## [soft_delete]
# azurerm_key_vault has no argument for this. Use the script or the portal for this step.

## [protect_from_purge]
# If Terraform manages the vault, set purge_protection_enabled = true in azurerm_key_vault.
# Otherwise use the script or the portal for this step.

## [renew_key]
# Terraform does not create versions: a rotation_policy in azurerm_key_vault_key makes the vault do
# it from then on. Use the script or the portal for this step.

## [rotate_key]
@renew_key@

## [follow_key]
# The resource at the end names the key without a version.

## [repeat_update]
# Nothing in a configuration would change. Use the script or the portal for this step.

## [verify_key]
# From here on, Terraform keeps the account under this key.
@encryption@
