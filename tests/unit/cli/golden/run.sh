#!/usr/bin/env bash
# Runs the plans of this folder, one after the other, and goes on after a plan that stops. Needs the
# az command, signed in. Read index.md first: it says what cannot be undone. If a plan changes an
# account, this asks whether Terraform manages it. Without a terminal, this needs --no-terraform.
# What is done is written to state.txt. After any failure or interruption run this again: it does
# what is left. Exit codes: 0 if every plan is done, 1 if not, 2 if it cannot start, 130 or 143 if
# it was interrupted. One run at a time: a second one does not start.
# shellcheck disable=SC1003,SC2016,SC2089,SC2090 # names are literal, whatever they contain
set -euo pipefail
umask 077

# The plans in their order, each with its account.
PLANS=(
  'plans/1-chat.sh' 'chat in rg'
  'plans/2-chat.sh' 'chat in rg'
  'plans/3-lost.sh' 'lost in rg'
  'plans/4-off-1.sh' 'off-1 in rg'
  'plans/5-off-2.sh' 'off-2 in rg'
  'plans/6-open-1.sh' 'open-1 in rg'
  'plans/7-open-2.sh' 'open-2 in rg'
  'plans/8-open-3.sh' 'open-3 in rg'
  'plans/9-old-s-d.sh' 'Old (süd) in rg'
)
TRIES=${PLAN_TRIES:-20}
NOT_YET='75'
WITHOUT_PLAN=4
# Empty if no plan changes an account.
TERRAFORM_WARNING='If Terraform manages this account, change the Terraform configuration before you change the account. Either add the same key in a customer_managed_key block, and the same identity, or let Terraform ignore both with lifecycle { ignore_changes = [customer_managed_key, identity] }. Otherwise the next terraform apply undoes this change, and the account loses its key. If the account has projects, Terraform instead deletes the account and creates an empty one. By default, Terraform also purges the deleted account, which then cannot be recovered.'

cannot() {
  printf 'Not started: %s\n' "$*" >&2
  exit 2
}

# Only a person knows which accounts Terraform manages.
ask_about_terraform() {
  local answer
  printf '%s\n' "$TERRAFORM_WARNING" >&2
  if [ ! -t 0 ]; then
    cannot 'without a terminal, run it with --no-terraform if Terraform manages none of these' \
      'accounts, or its configuration is changed already'
  fi
  read -r -p 'Does Terraform manage any of these accounts without this change? (yes/no) ' answer || answer=
  if [ "$answer" != no ]; then
    cannot 'first change the Terraform configuration, or run the plans of other accounts alone'
  fi
}

is_running() {
  local command
  case $1 in '' | 0* | *[!0-9]*) return 1 ;; esac  # kill would take it for several processes
  kill -0 "$1" 2>/dev/null || return 1
  # Another program may have this number by now. Not every ps can say so.
  command=$(ps -ww -o args= -p "$1" 2>/dev/null) || return 0
  case $command in *run.sh*) ;; *) return 1 ;; esac
}

# Each run writes its own file before it looks for those of others: at most one goes on. A run that
# was killed leaves its file behind, which the next one removes.
lock() {
  local file pid
  trap 'rm -f "run.$$.lock"' EXIT
  : >"run.$$.lock" || cannot 'this folder must be writable'
  for file in run.*.lock; do
    pid=${file#run.} pid=${pid%.lock}
    if [ "$pid" = "$$" ]; then continue; fi
    if is_running "$pid"; then
      cannot "process $pid runs these plans. Wait for it; if it is not run.sh, remove $file"
    fi
    rm -f "$file"
  done
}

# Each line of state.txt has four fields: done, refused or left; plan; time; why. The last one of a
# plan counts, and a line that was cut off does not.
state_of() {
  LC_ALL=C awk -F '\t' -v plan="$1" \
    'NF == 4 && $2 == plan { state = $1 } END { print state }' state.txt
}

record() {
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$3" >>state.txt
}

plan() {
  local before code=0 said
  before=$(state_of "$1")
  if [ "$round" -eq 2 ] && [ "$before" != left ]; then return; fi
  printf '[%s/%s] %s: %s\n' "$2" "$((${#PLANS[@]} / 2))" "$1" "$3"
  if [ "$before" = 'done' ]; then
    printf '   Done before.\n'
    return
  fi
  if [ ! -s "$1" ]; then  # bash would take it for one that is done
    printf '   Refused: the file is missing or empty.\n' >&2
    record refused "$1" 'the file is missing or empty: write the folder again'
    return
  fi
  # Its output goes to the terminal at once; its errors are kept, because the last one says why.
  { said=$(PLAN_TRIES=$tries bash "$1" 2>&1 >&3 </dev/null) || code=$?; } 3>&1
  if [ -n "$said" ]; then printf '%s\n' "$said" >&2; fi
  said=$(printf '%s\n' "$said" | tail -n 1 | LC_ALL=C tr -d '[:cntrl:]')
  case $code in
    0) record 'done' "$1" '' ;;
    "$NOT_YET") record left "$1" "$said" ;;
    *) record refused "$1" "${said:-exit code $code}" ;;
  esac
}

all() {
  local at
  for ((at = 0; at < ${#PLANS[@]}; at += 2)); do
    plan "${PLANS[at]}" "$((at / 2 + 1))" "${PLANS[at + 1]}"
  done
}

# Names come first, because state.txt may have lines of plans that are no longer in this folder.
names_and_states() {
  local at
  for ((at = 0; at < ${#PLANS[@]}; at += 2)); do printf '%s\n' "${PLANS[at]}"; done
  cat state.txt
}

is_any_left() {
  names_and_states | LC_ALL=C awk -F '\t' -v plans="$((${#PLANS[@]} / 2))" '
    NR <= plans { known[$0] }
    NF == 4 && $2 in known { state[$2] = $1 }
    END { for (plan in state) if (state[plan] == "left") left = 1; exit !left }'
}

# Fails unless every plan is done.
summary() {
  names_and_states | LC_ALL=C awk -F '\t' -v plans="$((${#PLANS[@]} / 2))" \
    -v without="$WITHOUT_PLAN" '
    NR <= plans { known[$0] }
    NF == 4 && $2 in known { state[$2] = $1; why[$2] = $4 }
    END {
      for (plan in state) {
        count[state[plan]]++
        if (state[plan] != "done") print state[plan] ": " plan ": " why[plan] | "sort"
      }
      close("sort")
      left = plans - count["done"] - count["refused"]
      printf "%d of %d done, %d refused, %d left; ", count["done"], plans, count["refused"], left
      printf "%d still to do", plans - count["done"] + without
      print without ? " (" without " without a plan: see index.md)" : ""
      exit count["done"] < plans
    }'
}

interrupted() {
  trap '' INT TERM
  printf '\nInterrupted: run this again, and it goes on.\n'
  summary || true
  exit "$1"
}

case $#${1:-} in
  0) ;;
  1--no-terraform) TERRAFORM_WARNING='' ;;
  *) cannot 'the only option is --no-terraform' ;;
esac
CDPATH='' cd -- "$(dirname -- "$0")"
command -v az >/dev/null || cannot 'the az command must be installed'
az account show --output=none || cannot 'sign in first: az login'
if [ -n "$TERRAFORM_WARNING" ]; then ask_about_terraform; fi
: >>state.txt || cannot 'this folder must be writable: it keeps what is done'
lock
if [ -n "$(tail -c 1 state.txt)" ]; then echo >>state.txt; fi
# A decision is about one key or vault, and must not be taken for all plans of the folder.
if [ -n "${!CONFIRM_*}" ]; then
  printf 'Ignored: %s. Give such a word to the one plan that asks for it.
' "${!CONFIRM_*}" >&2
  unset "${!CONFIRM_@}"
fi
trap 'interrupted 130' INT
trap 'interrupted 143' TERM HUP

round=1 tries=1
all
if is_any_left; then
  echo 'Azure has not taken every key yet: once more, waiting where it is necessary.'
  round=2 tries=$TRIES
  all
fi
summary
