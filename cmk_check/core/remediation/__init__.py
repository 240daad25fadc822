"""Plans that fix an account or its key, for `az`, Bicep, Terraform and the portal."""
